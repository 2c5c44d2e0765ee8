"""The judgement exists in Python for the sweep and in JSONata for the state machine: one answer to every case."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonata
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.documents import instant
from guardian.ids import AccountId
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind, Phase
from guardian.policy.hours import DAYS, MIDNIGHT, Hours, Window, offset_at, offsets
from guardian.policy.model import Exemption, Mode, Rule
from guardian.stack import resting
from guardian.verdict import KEEP_UNTIL, Sighting, judge
from tests.unit.judging import NOW, PRINCIPAL, TARGET, judged_by_the_machine

moments = st.sampled_from([-200_000, -150_000, -100_000, -90_000, -3600, -31, -30, 0, 600]).map(
    lambda s: NOW + timedelta(seconds=s)
)
foreign = st.text(max_size=12) | st.sampled_from(
    ["keep", "prod-1", "${AWS::Region}", '"', "a/b", "😀", "%}"]
)
keep_until = (
    foreign
    | moments.map(lambda m: m.strftime("%Y-%m-%dT%H:%M:%SZ"))
    | st.just("2026-02-30T00:00:00Z")
)
tags = st.dictionaries(
    st.sampled_from(["guardian", "team", "owner", KEEP_UNTIL]), foreign | keep_until, max_size=3
)
patterns = st.sampled_from(
    ["keep", "*", "prod-?", "*:role/prod-*", "a/b", '"', "${AWS::Region}", "😀"]
)
exemptions = st.builds(
    Exemption,
    tags=st.dictionaries(st.sampled_from(["guardian", "team"]), patterns, max_size=2),
    principal=st.just("") | patterns,
    accounts=st.sampled_from([(), (TARGET.account,), (AccountId("999999999999"),)]),
    id=st.just("") | patterns,
    origin=st.just("") | st.sampled_from(["GlueStudio*", "*", "prod-?"]),
    reason=st.sampled_from(["", 'because "${x}"']),
    expires=st.none() | st.sampled_from([date(2026, 11, 23), date(2026, 11, 24)]),
).filter(lambda e: bool(e.tags or e.principal or e.accounts or e.id or e.origin))
ZONES = ["UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Africa/Casablanca"]
EPOCH, MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
HOLIDAYS = (date(2026, 11, 23), date(2026, 12, 25), date(2027, 3, 28))
MIDNIGHTS = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in HOLIDAYS]
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
def cases(draw: st.DrawFn, kind: Kind) -> tuple[Rule, Sighting, datetime]:
    spans = st.sampled_from(
        [timedelta(0), timedelta(seconds=30), timedelta(hours=1), timedelta(days=1)]
    )
    windows = [timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1)]
    idle = draw(st.sampled_from([*windows, None])) if kind.idle else None
    hours, now = draw(st.just((None, NOW)) | clocks())
    rule = Rule(
        kind,
        Mode.STOP,
        draw(spans),
        idle,
        tuple(draw(st.just([]) | st.lists(exemptions, max_size=2))),
        max_age=draw(st.none() | spans.filter(bool)),
        hours=hours,
    )
    sighting = Sighting(
        id=draw(foreign),
        target=TARGET,
        seen=draw(SEEN[kind.key]),
        since=draw(moments),
        principals=draw(st.sampled_from([(), (PRINCIPAL,)])),
        origins=(draw(st.sampled_from(["", "GlueStudioNotebook"]) | foreign),),
    )
    return rule, sighting, now


def maybe(value: st.SearchStrategy[Any], name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.just({}) | value.map(lambda v: {name: v})


def status(kind: str) -> st.SearchStrategy[str]:
    """Mostly one that is live: the others end the questions early."""
    phases = all_kinds()[kind].phases
    live = [name for name, phase in phases.items() if phase is Phase.LIVE]
    return st.sampled_from([*phases, "BRAND_NEW", *live * 12])


def merged(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda found: {k: v for part in found for k, v in part.items()})


def pairs(found: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in found.items()]


begun = moments.map(instant)
# Mostly one short or whole, with at most one sample that tells of work: the rest ends the questions early.
samples = st.tuples(
    st.sampled_from([0, 2, 3, 10, 11, 12]), st.sampled_from([1.0, 1.0, 0.0, 0.5])
).map(lambda s: [*[1.0] * s[0], s[1]])
SEEN: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "glue-session": st.fixed_dictionaries(
        {
            "session": merged(
                maybe(status("glue-session"), "Status"), maybe(begun, "CreatedOn")
            ).map(lambda session: {"Session": session}),
            "tags": maybe(tags, "Tags"),
        }
    ),
    "sagemaker-notebook": st.fixed_dictionaries(
        {
            "notebook": merged(
                maybe(status("sagemaker-notebook"), "NotebookInstanceStatus"),
                maybe(begun, "LastModifiedTime"),
            ),
            "tags": maybe(tags.map(pairs), "Tags"),
        }
    ),
    "emr-cluster": st.fixed_dictionaries(
        {
            "cluster": merged(
                st.tuples(status("emr-cluster"), begun).map(
                    lambda s: {"Status": {"State": s[0], "Timeline": {"ReadyDateTime": s[1]}}}
                ),
                maybe(tags.map(pairs), "Tags"),
                maybe(st.sampled_from([False, False, False, True]), "TerminationProtected"),
            ).map(lambda cluster: {"Cluster": cluster}),
            "groups": st.just(
                {"InstanceGroups": [{"InstanceType": "m5.xlarge", "RunningInstanceCount": 3}]}
            ),
            "idle": maybe(
                samples.map(lambda v: [{"Values": v}]),
                "MetricDataResults",
            ),
        }
    ),
}


@pytest.mark.parametrize("key", sorted(all_kinds()))
def test_the_state_machine_and_the_sweep_judge_alike(key: str) -> None:
    @settings(max_examples=80, deadline=None)
    @given(cases(all_kinds()[key]))
    def agree(case: tuple[Rule, Sighting, datetime]) -> None:
        rule, sighting, now = case
        verdict = judge(rule.kind, rule, sighting, now)
        assert judged_by_the_machine(rule, sighting, now) == verdict

    agree()


def rest_ends_for_the_machine(hours: Hours, now: datetime) -> datetime | None:
    named = {"now": str((now - EPOCH) // MILLISECOND), **resting.definitions(hours)}
    lines = "".join(f"${name} := {value};" for name, value in named.items())
    ends = jsonata.Jsonata(f"({lines} $restEnds)").evaluate(None)
    return None if ends is None else EPOCH + ends * MILLISECOND


@settings(max_examples=200, deadline=None)
@given(clocks())
def test_the_state_machine_knows_when_a_rest_ends(clock: tuple[Hours, datetime]) -> None:
    hours, now = clock
    assert rest_ends_for_the_machine(hours, now) == hours.rest_ends(now)


@pytest.mark.parametrize("zone", ZONES)
def test_the_state_machine_knows_every_change_of_the_clocks(zone: str) -> None:
    all_day = Hours(zone, (Window(DAYS, (0, MIDNIGHT)),), rests=True)
    for since, _ in offsets(zone)[1:]:
        for now in (since - timedelta(milliseconds=1), since):
            assert rest_ends_for_the_machine(all_day, now) == all_day.rest_ends(now)
