"""The judgement exists in Python for the sweep and in JSONata for the state machine: one answer to every case."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.documents import instant
from guardian.ids import AccountId
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind, Phase
from guardian.policy.model import Exemption, Mode, Rule
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
    reason=st.sampled_from(["", 'because "${x}"']),
    expires=st.none() | st.sampled_from([date(2026, 11, 23), date(2026, 11, 24)]),
).filter(lambda e: bool(e.tags or e.principal or e.accounts or e.id))


@st.composite
def cases(draw: st.DrawFn, kind: Kind) -> tuple[Rule, Sighting]:
    spans = st.sampled_from(
        [timedelta(0), timedelta(seconds=30), timedelta(hours=1), timedelta(days=1)]
    )
    windows = [timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1)]
    idle = draw(st.sampled_from([*windows, None])) if kind.idle else None
    rule = Rule(
        kind,
        Mode.STOP,
        draw(spans),
        idle,
        tuple(draw(st.just([]) | st.lists(exemptions, max_size=2))),
    )
    sighting = Sighting(
        id=draw(foreign),
        target=TARGET,
        seen=draw(SEEN[kind.key]),
        since=draw(moments),
        principals=draw(st.sampled_from([(), (PRINCIPAL,)])),
    )
    return rule, sighting


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
    def agree(case: tuple[Rule, Sighting]) -> None:
        rule, sighting = case
        assert judged_by_the_machine(rule, sighting) == judge(rule.kind, rule, sighting, NOW)

    agree()
