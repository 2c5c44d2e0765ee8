"""All of a digest as one CSV file that a spreadsheet opens and runs nothing of. Pure."""

import csv
import io
from collections.abc import Iterator, Sequence
from functools import lru_cache

from guardian.digest import Digest, Noticed
from guardian.documents import instant
from guardian.outcome import Outcome
from guardian.prices import Saving
from guardian.slack.text import clean

COLUMNS = (
    *("what", "at", "kind", "id", "account", "account_name", "region", "owner", "policy", "by"),
    *("reason", "avoided_usd", "basis", "times"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 -- full width: some spreadsheets read them too
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"  # by which Excel knows UTF-8


def spreadsheet(digest: Digest) -> bytes:
    """A header and a row for each stop, would-be stop, failure, keep and finding; UTF-8."""
    out = io.StringIO()
    out.write(BOM)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(digest))
    return out.getvalue().encode()


def harmless(cell: str) -> str:
    """One line that no spreadsheet takes for a formula."""
    # Before the cleaning, too: what begins with a tab or a line end is a formula to some.
    shown = clean(cell)
    return f"'{shown}" if cell.startswith(FORMULA) or shown.startswith(FORMULA) else shown


_common = lru_cache(maxsize=4096)(harmless)
"""The same for texts that many rows share."""


def _rows(digest: Digest) -> Iterator[Sequence[str]]:
    for priced in digest.stopped:
        yield _row(digest, "stopped", priced.outcome, priced.saving)
    for priced in digest.would_stop:
        yield _row(digest, "would have been stopped", priced.outcome, priced.saving)
    for outcome in digest.failed:
        yield _row(digest, "could not be stopped", outcome)
    for outcome in digest.kept:
        yield _row(digest, "kept", outcome)
    for noticed in digest.findings:
        yield _finding(digest, noticed)


def _row(
    digest: Digest, what: str, outcome: Outcome, saving: Saving | None = None
) -> Sequence[str]:
    usd = saving.usd if saving else None
    return (
        what,
        instant(outcome.at),
        _common(outcome.kind),
        harmless(outcome.id),
        _common(outcome.target.account),
        _common(digest.names.get(outcome.target.account, "")),
        _common(outcome.target.region),
        _common(outcome.owner),
        _common(outcome.policy),
        outcome.by.value,
        _common(outcome.reason),
        ("unknown" if usd is None else str(usd)) if saving else "",
        _common(saving.basis) if saving else "",
        "",
    )


def _finding(digest: Digest, noticed: Noticed) -> Sequence[str]:
    finding, target = noticed.finding, noticed.finding.target
    return (
        "finding, mended" if finding.mended else "finding",
        instant(finding.at),
        finding.about.value,
        harmless(finding.subject),
        target.account if target else "",
        harmless(digest.names.get(target.account, "")) if target else "",
        target.region if target else "",
        "",
        "",
        "",
        harmless(finding.reason),
        "",
        "",
        str(noticed.times),
    )
