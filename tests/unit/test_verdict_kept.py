"""What a kind itself says for a thing of it, asked alike in Python and by the state machine."""

from dataclasses import replace
from typing import Any

import pytest

from guardian.documents import instant
from guardian.kinds.base import KEEP_UNTIL, Phase
from guardian.policy.model import Exemption
from guardian.verdict import BUSY_PAUSE, Keep, Stop, Verdict
from tests.unit.judging import (
    LONG_AGO,
    MINUTE,
    Case,
    again,
    both_judge,
    put,
    rule,
    session,
    sighting,
)

GLUE = rule("glue-session")
TAGGED = Exemption(tags={"guardian": "keep"})
OVER = Stop(LONG_AGO + 30 * MINUTE, "grace of 30m is over")
EC2 = "instances.Reservations[0].Instances[0]"
EC2_TAGS = f"{EC2}.Tags"
CAPACITY = "application.Application.InitialCapacity"
JOBS = "jobs.JobRuns"
WARM = {"Driver": {"WorkerCount": 1}}
CLASSIC = Keep("it is the free server of Studio Classic")
COLD = Keep("it has no initial capacity and costs nothing while idle")
FLEET = Keep("it belongs to a fleet")
BUSY = again("a job is running on it", BUSY_PAUSE)


def of_kind(key: str, verdict: Verdict, *seen: tuple[str, Any]) -> Case:
    """One that is long begun and live, of which this is seen."""
    governed = rule(key)
    live = next(s for s, phase in governed.kind.phases.items() if phase is Phase.LIVE)
    found: dict[str, Any] = {}
    for path, value in (
        (governed.kind.status, live),
        (governed.kind.start, instant(LONG_AGO)),
        *seen,
    ):
        put(found, path, value)
    return Case(governed, sighting(found), verdict)


def by_tag_pattern(verdict: Verdict, *keys: str) -> Case:
    """An instance whose kind is kept by whatever tag belongs to a cluster."""
    case = of_kind("ec2-instance", verdict, (EC2_TAGS, pairs(*keys)))
    kind = replace(case.rule.kind, kept_tags={"kubernetes.io/cluster/*": "it is a node"})
    return replace(case, rule=replace(case.rule, kind=kind))


def pairs(*keys: str, value: str = "x") -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key in keys]


CASES = {
    # what its kind says of it
    "a value that says no": of_kind("sagemaker-app", CLASSIC, ("app.AppType", "JupyterServer")),
    "another value": of_kind("sagemaker-app", OVER, ("app.AppType", "JupyterLab")),
    "no value": of_kind("sagemaker-app", OVER),
    "no capacity at all": of_kind("emr-serverless-application", COLD),
    "a capacity of nothing": of_kind("emr-serverless-application", COLD, (CAPACITY, {})),
    "a capacity": of_kind("emr-serverless-application", OVER, (CAPACITY, WARM)),
    "a tag that says no": of_kind("ec2-instance", FLEET, (EC2_TAGS, pairs("aws:ec2:fleet-id"))),
    "a tag that says no whatever its value": of_kind(
        "ec2-instance", FLEET, (EC2_TAGS, pairs("a", "aws:ec2:fleet-id", value=""))
    ),
    "a tag that begins like it": of_kind(
        "ec2-instance", OVER, (EC2_TAGS, pairs("aws:ec2:fleet-id:x"))
    ),
    "a value outweighs a tag": of_kind(
        "ec2-instance",
        Keep("it is a spot instance"),
        (f"{EC2}.InstanceLifecycle", "spot"),
        (EC2_TAGS, pairs("aws:ec2:fleet-id")),
    ),
    "a tag by a pattern of its key": by_tag_pattern(
        Keep("it is a node"), "kubernetes.io/cluster/lab"
    ),
    "no tag of that pattern": by_tag_pattern(OVER, "kubernetes.io/role", "x"),
    "no tags where a pattern is asked for": by_tag_pattern(OVER),
    "a kind without tags": Case(
        replace(GLUE, kind=replace(GLUE.kind, tags=None), exempt=(TAGGED,)),
        sighting(session(tags={"guardian": "keep", KEEP_UNTIL: "2027-01-01T00:00:00Z"})),
        OVER,
    ),
    # whether it is at work
    "no work": of_kind("emr-serverless-application", OVER, (CAPACITY, WARM), (JOBS, [])),
    "one piece of work": of_kind(
        "emr-serverless-application", BUSY, (CAPACITY, WARM), (JOBS, [{"Id": "1"}])
    ),
    "two pieces of work": of_kind(
        "emr-serverless-application", BUSY, (CAPACITY, WARM), (JOBS, [{}, {}])
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_question_is_answered_alike_in_both_languages(case: Case) -> None:
    assert both_judge(case) == case.verdict
