"""Cases for the judgement, drawn for any kind from what it declares."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from guardian.documents import instant
from guardian.ids import AccountId
from guardian.kinds.base import KEEP_UNTIL, IdleSamples, IdleSince, Kept, Kind, Phase, Sign
from guardian.policy.hours import DAYS, MIDNIGHT, Hours, Window, offset_at, offsets
from guardian.policy.model import Exemption, Mode, Rule
from guardian.verdict import Sighting
from tests.unit.judging import NOW, PRINCIPAL, TARGET, put

Case = tuple[Rule, Sighting, datetime]
Values = st.SearchStrategy[Any]
MISSING = object()

ZONES = ["UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Africa/Casablanca"]
HOLIDAYS = (date(2026, 11, 23), date(2026, 12, 25), date(2027, 3, 28))
MIDNIGHTS = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in HOLIDAYS]
SPANS = [timedelta(0), timedelta(seconds=30), timedelta(hours=1), timedelta(days=1)]
WINDOWS = [timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1)]
AGES = [-200_000, -150_000, -100_000, -90_000, -3600, -31, -30, 0, 600]

moments = st.sampled_from(AGES).map(lambda s: NOW + timedelta(seconds=s))
foreign = st.text(max_size=12) | st.sampled_from(
    ["keep", "prod-1", "prod-😀", "prod-\n", "${AWS::Region}", '"', "'", "\\", "a.b", "%}", "{%"]
)
keep_until = (
    foreign
    | moments.map(lambda m: m.strftime("%Y-%m-%dT%H:%M:%SZ"))
    | st.sampled_from(["2026-02-30T00:00:00Z", "2026-11-24T00:00:00Z\n"])
)
patterns = st.sampled_from(
    [
        "keep",
        "*",
        "prod-?",
        "*:role/prod-*",
        "a/b",
        '"',
        "${AWS::Region}",
        "prod-😀",
        "{{x}}",
        "%}",
    ]
)
exemptions = st.builds(
    Exemption,
    tags=st.dictionaries(st.sampled_from(["guardian", "team", "it's"]), patterns, max_size=2),
    principal=st.just("") | patterns,
    accounts=st.sampled_from([(), (TARGET.account,), (AccountId("999999999999"),)]),
    id=st.just("") | patterns,
    origin=st.just("") | st.sampled_from(["GlueStudio*", "*", "prod-?"]),
    reason=st.sampled_from(["", 'because "${x}" %}']),
    expires=st.none() | st.sampled_from([date(2026, 11, 23), date(2026, 11, 24)]),
).filter(lambda e: bool(e.tags or e.principal or e.accounts or e.id or e.origin))
deltas = st.builds(
    timedelta,
    minutes=st.sampled_from([0, 60]) | st.integers(-1500, 1500),
    milliseconds=st.sampled_from([0, -1]) | st.integers(0, 59_999),
)
anywhere = st.datetimes(datetime(2025, 1, 1), datetime(2039, 1, 1)).map(  # noqa: DTZ001 - in UTC a line below
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)


@st.composite
def clocks(draw: st.DrawFn) -> tuple[Hours, datetime]:
    """Hours and a moment near their edges, near a change of the clocks or a holiday."""
    zone = draw(st.sampled_from(ZONES))
    near = [NOW, *MIDNIGHTS, *(since for since, _ in offsets(zone)[1:4])]
    now = draw(anywhere | st.builds(datetime.__add__, st.sampled_from(near), deltas))
    local = now + offset_at(zone, now)
    minute = local.hour * 60 + local.minute
    edges = [0, *(minute + n for n in (-60, -1, 0, 1, 60) if 0 < minute + n < MIDNIGHT), MIDNIGHT]
    ends = st.tuples(st.sampled_from(edges), st.sampled_from(edges))
    windows = st.builds(
        lambda days, span: Window(tuple(d for d in DAYS if d in days), (min(span), max(span))),
        st.just(set(DAYS)) | st.sets(st.sampled_from(DAYS), min_size=1),
        ends.filter(lambda span: span[0] != span[1]),
    )
    made = st.builds(
        Hours,
        timezone=st.just(zone),
        windows=st.lists(windows, min_size=1, max_size=3).map(tuple),
        rests=st.booleans(),
        holidays=st.sampled_from([(), HOLIDAYS[:1], HOLIDAYS]),
    )
    return draw(made), now


@st.composite
def cases(draw: st.DrawFn, kind: Kind) -> Case:
    hours, now = draw(st.just((None, NOW)) | clocks())
    rule = draw(rules(kind, hours))
    seen = draw(answers(kind))
    sighting = Sighting(
        id=kind.identifier({part: draw(parts(kind, part)) for part in kind.parts}),
        target=TARGET,
        seen=seen,
        since=draw(moments),
        principals=draw(st.sampled_from([(), (PRINCIPAL,)])),
        origins=(draw(st.sampled_from(["", "GlueStudioNotebook"]) | foreign),),
    )
    return rule, sighting, now


def rules(kind: Kind, hours: Hours | None = None) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        kind=st.just(kind),
        mode=st.sampled_from(Mode),
        grace=st.sampled_from(SPANS),
        idle=st.none() | st.sampled_from(WINDOWS),
        exempt=st.just(()) | st.lists(exemptions, max_size=2).map(tuple),
        max_age=st.none() | st.sampled_from(SPANS[1:]),
        hours=st.just(hours),
    )


def parts(kind: Kind, part: str) -> st.SearchStrategy[str]:
    """A part of an id. Only the first may hold a `/`, and only an app's can be missing."""
    whole = foreign if part == kind.parts[0] else foreign.map(lambda text: text.replace("/", ""))
    return whole if part in {"profile", "space"} else whole.filter(bool)


@st.composite
def answers(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    """What the reads answered, each value now and then missing."""
    seen: dict[str, Any] = {name: {} for name in kind.reads}
    for path, values in _places(kind):
        value = draw(values)
        if value is not MISSING:
            put(seen, path, value)
    return seen


def _places(kind: Kind) -> Iterator[tuple[str, Values]]:
    if kind.tags:
        tags = tags_for(kind)
        yield kind.tags.path, maybe(tags.map(pairs) if kind.tags.pairs else tags)
    yield from ((path, maybe(st.integers(0, 9) | foreign)) for path in facts(kind))
    if kind.owner:
        yield kind.owner, maybe(foreign)
    for kept in kind.kept:
        yield kept.path, signs(kept)
    for path in kind.busy:
        yield path, mostly(MISSING, [], [{"Id": "1"}], [{"Id": "1"}, {"Id": "2"}])
    yield kind.start, mostly_in(moments.map(instant), MISSING, "", "Nov 20, 2026, 9:01:00 AM", 7)
    yield kind.status, statuses(kind)
    yield from _idleness(kind)


def _idleness(kind: Kind) -> Iterator[tuple[str, Values]]:
    match kind.idle:
        case IdleSamples(samples=path):
            first, _, rest = f"idle.{path}".removesuffix("[]").partition("[]")
            yield f"{first}[0]{rest}", mostly_in(samples, MISSING)
        case IdleSince(since=path):
            yield path, mostly_in(moments.map(instant), MISSING, "")
        case None:
            pass


def facts(kind: Kind) -> Iterator[str]:
    """Those that nothing else depends on and that are no lists."""
    kept = {each.path for each in kind.kept}
    return (path for path in kind.facts.values() if path not in kept and "[]" not in path)


def statuses(kind: Kind) -> Values:
    """Mostly one that is live, often the idle one: the others end the questions early."""
    live = [name for name, phase in kind.phases.items() if phase is Phase.LIVE]
    idle = [kind.idle.status] if kind.idle else []
    return st.sampled_from([MISSING, *kind.phases, "BRAND_NEW", *live * 8, *idle * 8])


def signs(kept: Kept) -> Values:
    match kept.value:
        case Sign.TRUE:
            return mostly(False, MISSING, "true", True)
        case Sign.EMPTY:
            return mostly({"Driver": {"WorkerCount": 1}}, MISSING, {}, {"A": {}, "B": {}})
        case value:
            return mostly("other", MISSING, "", value)


def tags_for(kind: Kind) -> st.SearchStrategy[dict[str, str]]:
    keys = ["guardian", "team", "owner", "it's", KEEP_UNTIL, *kind.kept_tags]
    return st.dictionaries(st.sampled_from(keys), foreign | keep_until, max_size=3)


def pairs(found: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in found.items()]


def maybe(values: Values) -> Values:
    return st.just(MISSING) | values


def mostly(usual: object, *others: object) -> Values:
    return st.sampled_from([usual] * 4 * len(others) + list(others))


def mostly_in(values: Values, *others: object) -> Values:
    return st.integers(0, 9).flatmap(lambda n: values if n else st.sampled_from(others))


# Mostly one short or whole, with at most one sample that tells of work: the rest ends the questions early.
samples = st.tuples(
    st.sampled_from([0, 2, 3, 10, 11, 12]), st.sampled_from([1.0, 1.0, 0.0, 0.5])
).map(lambda s: [*[1.0] * s[0], s[1]])
