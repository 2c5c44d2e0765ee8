"""What commands print: tables for people, JSON for programs. Foreign text is shown as it is, never as markup."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from guardian.documents import Document, Json
from guardian.ids import AccountId, Target
from guardian.outcome import Finding, Outcome, Result

Names = Mapping[AccountId, str]

STYLES = {
    Result.STOPPED: "green",
    Result.WOULD_STOP: "yellow",
    Result.KEPT: "cyan",
    Result.GONE: "dim",
    Result.FAILED: "bold red",
}


def clean(text: str, limit: int = 0) -> str:
    """Foreign text without control and direction characters, cut in the middle where it is long."""
    shown = "".join(
        "?" if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"} else c for c in text
    )
    if limit and len(shown) > limit:
        half = (limit - 1) // 2
        return f"{shown[:half]}…{shown[-half:]}"
    return shown


SHORT = 40
"""A column whose cells are no wider keeps its width; wider ones are folded."""


def console(*, stderr: bool = False) -> Console:
    """Where commands print: as wide as the terminal, 120 columns in a file or a pipe."""
    made = Console(stderr=stderr)
    return made if made.is_terminal else Console(stderr=stderr, width=120)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A table whose cells are plain text."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    cells = [[c if isinstance(c, Text) else Text(clean(c)) for c in row] for row in rows]
    for number, column in enumerate(columns):
        whole = all(row[number].cell_len <= SHORT for row in cells)
        made.add_column(
            column,
            header_style="dim",
            overflow="fold",
            no_wrap=whole,
            min_width=None if whole else SHORT // 2,
        )
    for row in cells:
        made.add_row(*row)
    return made


def as_json(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def named(account: AccountId, names: Names) -> str:
    """An account's name where it is known."""
    return clean(names.get(account, account), 40)


def place(target: Target | None, names: Names) -> str:
    return f"{named(target.account, names)}/{target.region}" if target else ""


def outcome_rows(outcomes: Iterable[Outcome], names: Names) -> Iterable[Sequence[str | Text]]:
    for o in outcomes:
        yield (
            Text(o.result.value.replace("_", " "), STYLES[o.result]),
            o.kind,
            clean(o.id, 40),
            place(o.target, names),
            o.owner,
            o.reason,
        )


OUTCOME_COLUMNS = ("outcome", "kind", "id", "account/region", "owner", "reason")


def outcome_document(outcome: Outcome) -> Document:
    """An outcome as JSON reports show it."""
    return {
        "outcome": outcome.result.value,
        "kind": outcome.kind,
        "id": outcome.id,
        "account": outcome.target.account,
        "region": outcome.target.region,
        "owner": outcome.owner,
        "policy": outcome.policy,
        "reason": outcome.reason,
        "at": outcome.at.isoformat(),
        "by": outcome.by.value,
    }


def finding_document(finding: Finding) -> Document:
    return {
        "about": finding.about.value,
        "subject": finding.subject,
        "reason": finding.reason,
        "account": finding.target.account if finding.target else None,
        "region": finding.target.region if finding.target else None,
        "at": finding.at.isoformat(),
        "mended": finding.mended,
    }


def print_findings(console: Console, findings: Iterable[Finding], names: Names) -> None:
    rows = [
        ("mended" if f.mended else "open", f.about, f.subject, place(f.target, names), f.reason)
        for f in findings
    ]
    console.print(table("Findings", ("", "about", "subject", "account/region", "why"), rows))


def dollars(amount: Decimal | None) -> str:
    """An amount as people read it; unknown is said, never 0."""
    return "unknown" if amount is None else f"${amount:,.2f}"
