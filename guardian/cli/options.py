"""The options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


Config = Annotated[
    Path, typer.Option("--config", help="The directory with guardian.yaml and policies/.")
]
As = Annotated[Format, typer.Option("--format", help="A table for people, JSON for programs.")]
Snapshot = Annotated[
    Path | None,
    typer.Option("--organization", help="A snapshot of the organization; AWS is not asked then."),
]
HERE = Path("config")
