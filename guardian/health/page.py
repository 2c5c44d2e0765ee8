"""The status page: plain HTML without a script. Pure.

What others wrote (ids, owners, reasons, names of accounts) is escaped, and its control characters are gone.
"""

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from guardian.coverage import Coverage, Unit, fold, modes
from guardian.digest import title
from guardian.health.readiness import stale, whole
from guardian.health.record import Health, JobState
from guardian.health.standing import Standing
from guardian.outcome import Finding, Result
from guardian.policy.durations import spoken
from guardian.policy.model import Policy
from guardian.terminal import Names, clean, dollars, place

REFRESH_SECONDS = 60
MOST_UNITS = 200
MOST_REASONS = 20
LONGEST = 160
"""Of a cell."""
STYLES = {
    Result.STOPPED: "good",
    Result.WOULD_STOP: "warn",
    Result.KEPT: "soft",
    Result.GONE: "soft",
    Result.FAILED: "bad",
}


@dataclass(frozen=True)
class View:
    """What the page shows. `reasons` are why guardian is not ready."""

    health: Health
    reasons: Sequence[str]
    coverage: Coverage
    governed: int
    names: Names
    now: datetime
    standing: Standing = field(default_factory=Standing)


@dataclass(frozen=True)
class Cell:
    """A cell of a table, with the class of its style."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


def render(view: View) -> str:
    """The page as HTML."""
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8"><title>guardian</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">',
            f"<style>{_css()}</style></head><body>",
            *_header(view),
            _tiles(view),
            *_section("Coverage", ("OU", "policy", "mode", "accounts"), _units(view.coverage)),
            *_section("Not governed", ("accounts", "why"), _ungoverned(view.coverage)),
            *_section("Jobs", ("job", "last done", "took", "runs", "failed", ""), _jobs(view)),
            *_section("Recent outcomes", OUTCOMES, _outcomes(view)),
            *_section("Findings", ("when", "about", "subject", "where", "why"), _findings(view)),
            "</body></html>",
            "",
        )
    )


OUTCOMES = ("when", "outcome", "kind", "id", "where", "owner", "reason")


@cache
def _css() -> str:
    return Path(__file__).with_name("page.css").read_text("utf-8")


def _text(text: str, longest: int = LONGEST) -> str:
    return html.escape(clean(text, longest))


def _header(view: View) -> Iterator[str]:
    style, state = ("bad", "not ready") if view.reasons else ("good", "ready")
    if view.health.paused:
        style, state = "warn", f"{state}, paused"
    yield f'<header><h1>guardian</h1><span class="state {style}">{state}</span>'
    yield f'<span class="soft">{_when(view.now)} UTC, up for {whole(view.now - view.health.since)}</span></header>'
    standing = view.standing
    if standing.token:
        renewed = f"lease {standing.token} of {standing.holder}, renewed {standing.age:.0f}s ago"
        yield f'<p class="soft">{_text(renewed)}</p>'
    if view.reasons:
        lines = "".join(
            f"<li>{_text(reason, 2 * LONGEST)}</li>" for reason in view.reasons[:MOST_REASONS]
        )
        yield f'<ul class="reasons">{lines}</ul>'


def _tiles(view: View) -> str:
    heard, rollout, swept = view.health.heard, view.health.rollout, view.health.sweep
    stopped = sum(n for (_, result, _), n in heard.outcomes.items() if result is Result.STOPPED)
    tiles = {
        "accounts governed": f"{view.governed:,}",
        "stopped since the start": f"{stopped:,}",
        "avoided, an estimate": dollars(sum(heard.avoided.values(), Decimal(0))),
        "changes left to roll out": f"{rollout.changes:,}{' (held)' if rollout.held else ''}"
        if rollout
        else "not yet",
        "running things seen": f"{swept.seen:,}" if swept else "not yet",
    }
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in tiles.items())
    return f'<dl class="tiles">{cells}</dl>'


def _section(name: str, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    yield f"<section><h2>{name}</h2>"
    lines = [_row(columns, row) for row in rows]
    if lines:
        heads = "".join(f"<th>{column}</th>" for column in columns)
        yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
        yield from lines
        yield "</tbody></table>"
    else:
        yield '<p class="none">none</p>'
    yield "</section>"


def _row(columns: Sequence[str], row: Row) -> str:
    cells = ((c if isinstance(c, Cell) else Cell(c)) for c in row)
    return f"<tr>{''.join(_cell(n, c) for n, c in zip(columns, cells, strict=True))}</tr>"


def _cell(column: str, cell: Cell) -> str:
    style = f' class="{cell.style}"' if cell.style else ""
    return f'<td data-name="{column}"{style}>{_text(cell.text)}</td>'


def _units(coverage: Coverage) -> Iterator[Row]:
    units = tuple(fold(coverage.root).walk())
    for unit in units[:MOST_UNITS]:
        folded = f" and {unit.folded} below" if unit.folded else ""
        yield (f"{unit.path}{folded}", *_policy(unit), f"{unit.accounts + unit.below:,}")
    if len(units) > MOST_UNITS:
        yield (f"… and {len(units) - MOST_UNITS:,} more", "", "", "")


def _policy(unit: Unit) -> tuple[Cell, Cell]:
    policy = unit.policy
    if policy is None:
        return Cell("none", "soft"), Cell("")
    inherited = "" if unit.own else f" (of {policy.ou})"
    return Cell(f"{policy.slug}{inherited}"), Cell(_modes(policy))


def _modes(policy: Policy) -> str:
    found = modes(policy)
    if len(found) == 1:
        return next(iter(found)).value
    return "; ".join(f"{mode.value}: {', '.join(kinds)}" for mode, kinds in found.items())


def _ungoverned(coverage: Coverage) -> Iterator[Row]:
    for reason, accounts in coverage.ungoverned.items():
        yield f"{len(accounts):,}", reason


def _jobs(view: View) -> Iterator[Row]:
    for job, state in view.health.jobs.items():
        took = whole(state.last.ended - state.last.began) if state.last else ""
        failed = sum(n for result, n in state.results.items() if result != "done")
        yield (
            f"{job}, every {spoken(state.duty.every)}",
            _when(state.succeeded) if state.succeeded else "not yet",
            took,
            f"{sum(state.results.values()):,}",
            Cell(f"{failed:,}", "bad" if failed else ""),
            _state(state, view),
        )


def _state(state: JobState, view: View) -> Cell:
    if stale(state, view.health.since, view.now):
        return Cell("stale", "bad")
    if state.last and state.last.failure:
        return Cell(f"{state.last.result}: {state.last.failure}{_row_of(state)}", "bad")
    return Cell("at work", "soft") if state.began else Cell("")


def _row_of(state: JobState) -> str:
    """How often in a row it failed, and when it is tried again."""
    if state.failures < 2 or not state.last:  # noqa: PLR2004  one is no row
        return ""
    return f" ({state.failures} in a row, again {_when(state.last.ended + state.again)})"


def _outcomes(view: View) -> Iterator[Row]:
    for o in view.health.recent:
        yield (
            _when(o.at),
            Cell(o.result.value.replace("_", " "), STYLES[o.result]),
            title(o.kind),
            o.id,
            place(o.target, view.names),
            o.owner,
            o.reason,
        )


def _findings(view: View) -> Iterator[Row]:
    for f in _once(view.health.found):
        about = Cell(f"{f.about.value}, mended" if f.mended else f.about.value)
        yield _when(f.at), about, f.subject, place(f.target, view.names), f.reason


def _once(findings: Iterable[Finding]) -> Iterable[Finding]:
    """The newest of those that say the same."""
    last: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        last.setdefault((finding.about, finding.target, finding.subject, finding.reason), finding)
    return last.values()


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
