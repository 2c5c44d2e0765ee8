"""What `guardian sweep` prints: a bar while it looks, then what it came to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from guardian.catches import Catches
from guardian.documents import Document
from guardian.jobs.sweep import Progress, Swept, Told, Trouble
from guardian.terminal import (
    OUTCOME_COLUMNS,
    Names,
    finding_document,
    named,
    outcome_document,
    outcome_rows,
    place,
    print_findings,
    table,
)

WORST = 10
"""So many rows tell where events missed something."""


class _Rate(ProgressColumn):
    """Accounts a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.1f}/s" if task.speed else "", "dim")


@contextmanager
def progress(console: Console, accounts: int) -> Iterator[Told]:
    """What to tell of a sweep over so many accounts. Where there is no terminal nothing is shown."""
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (
        TextColumn("accounts"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TextColumn("{task.fields[said]}", markup=False),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("", total=accounts, said="")
        yield lambda far: bar.update(task, completed=far.accounts, said=_said(far))


def _said(far: Progress) -> str:
    return f"{far.seen:,} seen, {far.stopped:,} stopped, {far.troubled:,} accounts in trouble"


def document(swept: Swept, events: Sequence[Catches]) -> Document:
    """A sweep as JSON; `events` tells how much of what came due lately they announced."""
    return {
        "accounts": swept.accounts,
        "places": swept.places,
        "seen": swept.seen,
        "kept": swept.kept,
        "held": swept.held,
        "outcomes": [outcome_document(outcome) for outcome in swept.outcomes],
        "troubles": [_trouble(trouble) for trouble in swept.troubles],
        "findings": [finding_document(finding) for finding in swept.findings],
        "events": events_document(events),
    }


def _trouble(trouble: Trouble) -> Document:
    return {
        "account": trouble.target.account,
        "region": trouble.target.region,
        "subject": trouble.subject,
        "reason": trouble.reason,
    }


def events_document(events: Sequence[Catches]) -> list[Document]:
    """How much of what came due events announced, by account and kind."""
    return [
        {"account": e.account, "kind": e.kind, "caught": e.caught, "missed": e.missed}
        for e in events
    ]


def show(console: Console, swept: Swept, names: Names, events: Sequence[Catches] = ()) -> None:
    """A sweep for people."""
    console.print(
        f"Looked into {swept.places:,} places of {swept.accounts:,} accounts, at {swept.seen:,} running resources: "
        f"{len(swept.outcomes):,} outcomes, {swept.kept:,} kept, {swept.held:,} held by the brake",
        soft_wrap=True,
    )
    if swept.outcomes:
        console.print(table("Outcomes", OUTCOME_COLUMNS, outcome_rows(swept.outcomes, names)))
    if swept.troubles:
        rows = [(place(t.target, names), t.subject, t.reason) for t in swept.troubles]
        console.print(table("Not looked into", ("account/region", "what", "why"), rows))
    if swept.findings:
        print_findings(console, swept.findings, names)
    show_events(console, events, names)


def show_events(console: Console, events: Sequence[Catches], names: Names) -> None:
    """How much of what came due lately events announced, and where they missed most."""
    caught, missed = sum(e.caught for e in events), sum(e.missed for e in events)
    if not events:
        return
    console.print(
        f"In the last day events announced {caught:,} of {caught + missed:,} that came due; "
        f"the sweep caught the {missed:,} that they missed.",
        soft_wrap=True,
    )
    rows = [
        (named(e.account, names), e.kind, f"{e.caught:,}", f"{e.missed:,}")
        for e in events[:WORST]
        if e.missed
    ]
    if rows:
        columns = ("account", "kind", "announced", "missed")
        console.print(table("Missed by events", columns, rows))
