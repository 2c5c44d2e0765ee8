"""A digest as plain text, for mail. Pure.

Other people's words stand in it as they are but for what turns, hides or breaks lines; no line of theirs is long.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from guardian.digest.model import Breakdown, Digest, Expiring, Keeper, Noticed, Priced, Row
from guardian.digest.words import at, counted, figures, headline, span, usd
from guardian.digest.worth import BASIS, title
from guardian.outcome import Outcome
from guardian.policy.words import exemption_reason

LIST = 50  # entries of one sort: SNS takes 256 KB
WORDS = 120  # characters of what somebody else wrote
SUBJECT = 99  # SNS takes no more, and plain characters only
NAME = 40
Entry = TypeVar("Entry")


def subject(digest: Digest) -> str:
    """The headline and the window's end, without what mail cannot hold in a subject."""
    said = f"guardian: {headline(digest)}"
    until = f" (until {at(digest, digest.window.until)})"
    shown = "".join(c if " " <= c <= "~" else "?" for c in said[: SUBJECT - len(until)])
    return shown + until


def letter(digest: Digest) -> str:
    """The digest in lines."""
    lines = [headline(digest), span(digest), *digest.spent]
    if not digest.quiet:
        lines += ["", *(f"{name}: {figure}" for name, figure in figures(digest))]
        lines += _breakdown("stopped", digest.stopped_by)
        lines += _breakdown("would have been stopped", digest.would_by)
        lines += _list("Kept alive, by whom and why", digest.kept_by, _keeper)
        lines += _list("Stopped", digest.stopped, lambda p: _stop(digest, p))
        lines += _list("Would have been stopped", digest.would_stop, lambda p: _stop(digest, p))
        lines += _list("Could not be stopped", digest.failed, lambda o: _outcome(digest, o))
        lines += _list("Findings", digest.findings, _finding)
        lines += _list("Exemptions that end soon", digest.expiring, _expiring)
        lines += ["", BASIS]
    return "\n".join(lines) + "\n"


def plain(text: str, most: int = WORDS) -> str:
    """One line without control, direction and invisible characters, cut where it is long."""
    shown = " ".join(
        "".join(
            c if unicodedata.category(c)[0] not in "CZ" or c == " " else " " for c in text
        ).split()
    )
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _breakdown(verb: str, breakdown: Breakdown) -> Iterator[str]:
    groups = (
        ("kind", breakdown.kinds),
        ("account", breakdown.accounts),
        ("owner", breakdown.owners),
    )
    for name, rows in groups:
        if rows:
            yield from ("", f"By {name}, {verb}:", *map(_row, rows))


def _row(row: Row) -> str:
    return f"  {plain(row.name, NAME):{NAME}} {row.stopped:>8,} {usd(row.avoided):>13}".rstrip()


def _list(name: str, entries: Sequence[Entry], line: Callable[[Entry], str]) -> Iterator[str]:
    if entries:
        yield from ("", f"{name} ({len(entries):,}):")
        yield from (f"  {line(entry)}" for entry in entries[:LIST])
    if len(entries) > LIST:
        yield f"  and {len(entries) - LIST:,} more"


def _stop(digest: Digest, priced: Priced) -> str:
    worth = "unknown" if priced.saving.usd is None else f"up to ${priced.saving.usd:,.2f}"
    return f"{worth}: {_what(digest, priced.outcome)}; {plain(priced.saving.basis)}"


def _outcome(digest: Digest, outcome: Outcome) -> str:
    return f"{_what(digest, outcome)}: {plain(outcome.reason) or 'no reason given'}"


def _what(digest: Digest, outcome: Outcome) -> str:
    owner = f" of {plain(outcome.owner)}" if outcome.owner else ""
    where = f"{outcome.target}, {at(digest, outcome.at)}"
    return f"{plain(title(outcome.kind))} {plain(outcome.id)}{owner} in {where}"


def _keeper(keeper: Keeper) -> str:
    if keeper.more:
        return f"{keeper.kept:,} by {keeper.more:,} more owners and reasons"
    return f"{keeper.kept:,} of {plain(keeper.owner)}: {plain(keeper.reason) or 'no reason given'}"


def _finding(noticed: Noticed) -> str:
    finding = noticed.finding
    where = f" in {finding.target}" if finding.target else ""
    often = f", {noticed.times:,} times" if noticed.times > 1 else ""
    mended = ", mended" if finding.mended else ""
    said = f"{finding.about}: {plain(finding.subject)}{where}{mended}{often}"
    return f"{said}: {plain(finding.reason)}"


def _expiring(expiring: Expiring) -> str:
    exempt = expiring.exemption
    owner = f", of {plain(exempt.owner)}" if exempt.owner else ""
    left = counted(expiring.days, "day")
    return f"{plain(exemption_reason(exempt))}{owner}: ends {expiring.expires}, in {left}"
