"""A digest for the terminal: the headline, the figures, the tables, what needs a look."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from guardian.digest import BASIS, Breakdown, Digest, Expiring, Keeper, Priced, Row, title
from guardian.digest.words import figures, headline, span, usd
from guardian.outcome import Outcome
from guardian.policy.words import exemption_reason
from guardian.terminal import (
    OUTCOME_COLUMNS,
    clean,
    dollars,
    outcome_rows,
    place,
    print_findings,
    table,
)

LIST = 50  # entries of one sort; all of them are in the JSON
ROW_COLUMNS = "", "sessions", "avoided"
PRICED_COLUMNS = "kind", "id", "account/region", "owner", "avoided", "basis"


def print_digest(console: Console, digest: Digest) -> None:
    """All that a digest tells, long lists cut."""
    console.print(Text(f"{digest.channel}  {span(digest)}", "bold"))
    console.print(Text(headline(digest)))
    for said in digest.spent:
        console.print(Text(said), soft_wrap=True)
    if digest.quiet:
        return
    for name, figure in figures(digest):
        console.print(Text(f"  {name}: {figure}"))
    _print_breakdown(console, "Stopped", digest.stopped_by)
    _print_breakdown(console, "Would have stopped", digest.would_by)
    _print_list(console, "Kept alive", ("kept", "owner", "why"), map(_keeper, digest.kept_by))
    _print_priced(console, "Stopped", digest, digest.stopped)
    _print_priced(console, "Would have stopped", digest, digest.would_stop)
    _print_outcomes(console, "Could not be stopped", digest, digest.failed)
    if digest.findings:
        found = [noticed.finding for noticed in digest.findings[:LIST]]
        print_findings(console, found, digest.names)
    _print_list(
        console,
        "Exemptions that end soon",
        ("ends", "in days", "owner", "exemption"),
        map(_expiring, digest.expiring),
    )
    console.print(Text(BASIS, "dim"))


def _print_breakdown(console: Console, verb: str, breakdown: Breakdown) -> None:
    groups = (
        ("kind", breakdown.kinds),
        ("account", breakdown.accounts),
        ("owner", breakdown.owners),
    )
    for name, rows in groups:
        _print_list(console, f"{verb}, by {name}", ROW_COLUMNS, map(_row, rows))


def _print_list(
    console: Console, name: str, columns: Sequence[str], rows: Iterator[Sequence[str | Text]]
) -> None:
    found = list(rows)
    if found:
        console.print(table(name, columns, found[:LIST]))
    if len(found) > LIST:
        console.print(Text(f"and {len(found) - LIST:,} more", "dim"))


def _print_priced(console: Console, name: str, digest: Digest, found: Sequence[Priced]) -> None:
    _print_list(console, name, PRICED_COLUMNS, (_priced(digest, priced) for priced in found))


def _print_outcomes(console: Console, name: str, digest: Digest, found: Sequence[Outcome]) -> None:
    _print_list(console, name, OUTCOME_COLUMNS, iter(outcome_rows(found, digest.names)))


def _row(row: Row) -> Sequence[str]:
    return clean(row.name, 60), f"{row.stopped:,}", usd(row.avoided)


def _keeper(keeper: Keeper) -> Sequence[str]:
    why = f"{keeper.more:,} more owners and reasons" if keeper.more else keeper.reason
    return f"{keeper.kept:,}", clean(keeper.owner, 40), clean(why, 80)


def _priced(digest: Digest, priced: Priced) -> Sequence[str]:
    o, saving = priced.outcome, priced.saving
    return (
        title(o.kind),
        clean(o.id, 32),
        place(o.target, digest.names),
        clean(o.owner, 40),
        dollars(saving.usd),
        saving.basis,
    )


def _expiring(expiring: Expiring) -> Sequence[str]:
    exempt = expiring.exemption
    said = clean(exemption_reason(exempt), 80)
    return expiring.expires.isoformat(), str(expiring.days), clean(exempt.owner, 40), said
