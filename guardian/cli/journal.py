"""Commands about the journal itself: to have its entries elsewhere, to back it up, to move it."""

import os
import sys
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from guardian.app import Guardian, open_guardian, open_two_journals
from guardian.cli.moments import parse_when
from guardian.cli.options import HERE, Config
from guardian.cli.printing import print_line
from guardian.errors import InputError
from guardian.export import Form, export
from guardian.export.rows import FINDING, OUTCOME, finding_row, outcome_row
from guardian.jobs.move_journal import move_once
from guardian.journal.backup import back_up

app = typer.Typer(no_args_is_help=True)

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)


class What(StrEnum):
    OUTCOMES = "outcomes"
    FINDINGS = "findings"


@app.callback()
def journal() -> None:
    """Have the journal's entries in a file, back it up, move it."""


@app.command("export")
def export_entries(
    config: Config = HERE,
    what: Annotated[What, typer.Option(help="What came of things, or what else was found.")] = (
        What.OUTCOMES
    ),
    since: Annotated[
        str, typer.Option(help="Learned since then: 7d, 2026-11-23 or 2026-11-23T09:00Z.")
    ] = "",
    until: Annotated[str, typer.Option(help="Learned before then.")] = "",
    form: Annotated[
        Form,
        typer.Option("--format", help="CSV for spreadsheets; JSON lines or Parquet for programs."),
    ] = Form.CSV,
    output: Annotated[
        Path | None, typer.Option(help="Write here, and print how much it was.")
    ] = None,
) -> None:
    """Write outcomes or findings out, in the order in which the journal learned of them."""
    guardian = open_guardian(config)
    now = guardian.now()
    first = parse_when("--since", since, now) if since else BEGINNING
    last = parse_when("--until", until, now) if until else END
    if output:
        count = _exported(guardian, what, (first, last), form, output)
        print_line(f"{count:,} {what} written to {output}.")
        return
    try:
        _exported(guardian, what, (first, last), form, None)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads had enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exported(
    guardian: Guardian,
    what: What,
    span: tuple[datetime, datetime],
    form: Form,
    output: Path | None,
) -> int:
    if what is What.FINDINGS:
        rows = map(finding_row, guardian.journal.each_finding(*span))
        return export(form, FINDING, rows, output)
    return export(form, OUTCOME, map(outcome_row, guardian.journal.each_outcome(*span)), output)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A file that is not there yet.")],
    config: Config = HERE,
) -> None:
    """Write the whole journal to a SQLite file, while guardian goes on; it is a journal itself."""
    back_up(open_guardian(config).journal, file)
    print_line(f"Written to {file}. To use it: journal: sqlite:///{file.absolute()}")


@app.command()
def copy(
    source: Annotated[str, typer.Argument(help="sqlite:///FILE or dynamodb://TABLE.")],
    target: Annotated[str, typer.Argument(help="The same; nothing may be in it yet.")],
    config: Config = HERE,
) -> None:
    """Carry a journal from one place to another. Stop the daemon first."""
    if source == target:
        raise InputError("a journal cannot be copied onto itself")
    first, second = open_two_journals(config, source, target)
    count = move_once(first, second, time.monotonic, Event().wait)
    print_line(f"{count:,} entries are in {target} now. To use it: journal: {target}")
