"""Digests as one HTML file that loads nothing from elsewhere and runs no script."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from guardian.digest import BASIS, Breakdown, Digest, Expiring, Keeper, Noticed, Priced, Row, title
from guardian.digest.letter import plain
from guardian.digest.words import at, figures, headline, span, usd
from guardian.outcome import Outcome
from guardian.policy.words import exemption_reason
from guardian.slack.chart import draw
from guardian.terminal import dollars

LIST = 500  # entries of one sort; all of them are in the JSON
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1d1c1d; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; margin-bottom: 0 } h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem }
.small { color: #616061; margin-top: .2rem } img { max-width: 100%; height: auto }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem }
dt { font-weight: 600 } dd { margin: 0 }
table { border-collapse: collapse; width: 100% } th { text-align: left; color: #616061; font-weight: 500 }
th, td { padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #ddd; vertical-align: top; overflow-wrap: anywhere }
.number { text-align: right; white-space: nowrap }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
NUMBERS = {"sessions", "avoided", "kept", "in days", "times"}

Cells = Sequence[str]


def page(digests: Iterable[Digest]) -> str:
    """The file's text."""
    bodies = "".join(part for digest in digests for part in _digest(digest))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>guardian: digest</title><style>{STYLE}</style></head>\n<body>{bodies}</body></html>\n"
    )


def _digest(digest: Digest) -> Iterator[str]:
    yield f"<h1>{escape(headline(digest))}</h1>\n"
    yield f'<p class="small">{escape(plain(digest.channel))} · {escape(span(digest))}</p>\n'
    if digest.quiet:
        return
    pairs = (f"<div><dt>{escape(n)}</dt><dd>{escape(f)}</dd></div>" for n, f in figures(digest))
    yield f"<dl>{''.join(pairs)}</dl>\n"
    if digest.avoided.usd:
        picture = b64encode(draw(digest)).decode()
        yield f'<img alt="Avoided cost per day" src="data:image/png;base64,{picture}">\n'
    yield from _breakdown("Stopped", digest.stopped_by)
    yield from _breakdown("Would have stopped", digest.would_by)
    yield _table("Kept alive", ("kept", "owner", "why"), map(_keeper, digest.kept_by))
    yield from _lists(digest)
    yield f'<p class="small">{escape(BASIS)}</p>\n'


def _lists(digest: Digest) -> Iterator[str]:
    heads = ("when", "kind", "id", "account/region", "owner")
    priced, reason = (*heads, "avoided", "basis"), (*heads, "why")
    stops = (_priced(digest, p) for p in digest.stopped)
    yield _table("Stopped, one by one", priced, stops)
    would = (_priced(digest, p) for p in digest.would_stop)
    yield _table("Would have stopped, one by one", priced, would)
    yield _table("Could not be stopped", reason, (_outcome(digest, o) for o in digest.failed))
    found = ("about", "subject", "account/region", "why", "", "times")
    yield _table("Findings", found, map(_finding, digest.findings))
    ends = ("ends", "in days", "owner", "exemption")
    yield _table("Exemptions that end soon", ends, map(_expiring, digest.expiring))
    yield _table("Kept, one by one", reason, (_outcome(digest, o) for o in digest.kept))


def _breakdown(verb: str, breakdown: Breakdown) -> Iterator[str]:
    groups = (
        ("kind", breakdown.kinds),
        ("account", breakdown.accounts),
        ("owner", breakdown.owners),
    )
    for name, rows in groups:
        yield _table(f"{verb}, by {name}", (name, "sessions", "avoided"), map(_row, rows))


def _table(name: str, columns: Cells, rows: Iterable[Cells]) -> str:
    found = list(rows)
    if not found:
        return ""
    head = "".join(_cell("th", column, column) for column in columns)
    body = "".join(_line(columns, row) for row in found[:LIST])
    more = len(found) - LIST
    cut = f'<p class="small">and {more:,} more, in the JSON</p>' if more > 0 else ""
    return f"<h2>{escape(name)}</h2>\n<table><tr>{head}</tr>\n{body}</table>{cut}\n"


def _line(columns: Cells, row: Cells) -> str:
    cells = (_cell("td", column, text) for column, text in zip(columns, row, strict=True))
    return f"<tr>{''.join(cells)}</tr>\n"


def _cell(tag: str, column: str, text: str) -> str:
    kind = ' class="number"' if column in NUMBERS else ""
    return f"<{tag}{kind}>{escape(plain(text, 300))}</{tag}>"


def _row(row: Row) -> Cells:
    return row.name, f"{row.stopped:,}", usd(row.avoided)


def _keeper(keeper: Keeper) -> Cells:
    why = f"{keeper.more:,} more owners and reasons" if keeper.more else keeper.reason
    return f"{keeper.kept:,}", keeper.owner, why


def _what(digest: Digest, outcome: Outcome) -> Cells:
    where = str(outcome.target)
    return at(digest, outcome.at), title(outcome.kind), outcome.id, where, outcome.owner


def _priced(digest: Digest, priced: Priced) -> Cells:
    return *_what(digest, priced.outcome), dollars(priced.saving.usd), priced.saving.basis


def _outcome(digest: Digest, outcome: Outcome) -> Cells:
    return *_what(digest, outcome), outcome.reason


def _finding(noticed: Noticed) -> Cells:
    finding = noticed.finding
    where = str(finding.target or "")
    mended = "mended" if finding.mended else "open"
    return finding.about, finding.subject, where, finding.reason, mended, f"{noticed.times:,}"


def _expiring(expiring: Expiring) -> Cells:
    exempt = expiring.exemption
    said = exemption_reason(exempt)
    return expiring.expires.isoformat(), str(expiring.days), exempt.owner, said
