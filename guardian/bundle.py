"""The folders that come with guardian: beside the package in a checkout, inside it when installed."""

from pathlib import Path

PACKAGE = Path(__file__).parent


def bundled(name: str) -> Path:
    """`config`, the example policies, or `deploy`, the templates."""
    beside = PACKAGE.parent / name
    return beside if beside.is_dir() else PACKAGE / "shipped" / name
