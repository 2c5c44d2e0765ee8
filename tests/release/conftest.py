"""The tools of a release in their own environments: `make release-test` makes those and runs these."""

import sys
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.release)


@pytest.fixture(scope="session")
def tools() -> Path:
    """Where cyclonedx-py, pip-audit and zizmor are."""
    found = Path(sys.prefix) / "audit" / "bin"
    if not (found / "pip-audit").exists():
        pytest.skip("the tools of a release are not here: run `make release-test`")
    return found


@pytest.fixture(scope="session")
def runtime() -> Path:
    """An environment with what guardian needs where it runs, and nothing else."""
    return Path(sys.prefix) / "runtime"
