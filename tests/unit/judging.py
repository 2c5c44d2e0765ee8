"""Rules and sightings to judge, and the state machine's JSONata to judge them with."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonata

from guardian.documents import instant
from guardian.ids import AccountId, Region, Target
from guardian.kinds import all_kinds
from guardian.policy.model import Exemption, Mode, Rule
from guardian.stack.judgement import judgement
from guardian.stack.names import resolved
from guardian.verdict import Gone, Keep, LookAgain, Sighting, Stop, Verdict

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TARGET = Target(AccountId("111122223333"), Region("eu-west-1"))
PRINCIPAL = "arn:aws:iam::111122223333:role/prod-etl"
LONG_AGO = NOW - timedelta(days=2)


def rule(
    kind: str,
    *exempt: Exemption,
    grace: timedelta = timedelta(minutes=30),
    idle: timedelta | None = None,
    mode: Mode = Mode.STOP,
) -> Rule:
    return Rule(all_kinds()[kind], mode, grace, idle, exempt)


def session(
    status: str | None = "READY",
    began: datetime | None = LONG_AGO,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What is seen of a Glue session."""
    told = {"Status": status, "CreatedOn": instant(began) if began else None}
    known = {name: value for name, value in told.items() if value is not None}
    return {"session": {"Session": known}, "tags": {} if tags is None else {"Tags": tags}}


def cluster(
    state: str = "WAITING",
    began: datetime = LONG_AGO,
    samples: list[float] | None = None,
    *,
    protected: bool = False,
    tags: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    """What is seen of an EMR cluster; no samples where its metrics were not read."""
    timeline = {"ReadyDateTime": instant(began)}
    told = {"Status": {"State": state, "Timeline": timeline}, "TerminationProtected": protected}
    seen = {"cluster": {"Cluster": told if tags is None else {**told, "Tags": tags}}}
    if samples is None:
        return seen
    return {**seen, "idle": {"MetricDataResults": [{"Id": "idle", "Values": samples}]}}


def sighting(
    seen: Mapping[str, Any],
    since: datetime | None = LONG_AGO,
    principals: tuple[str, ...] = (PRINCIPAL,),
    identifier: str = "notebook-1",
    origins: tuple[str, ...] = ("",),
) -> Sighting:
    return Sighting(identifier, TARGET, seen, since, principals, origins)


def answer_of_the_machine(rule: Rule, sighting: Sighting, now: datetime = NOW) -> dict[str, Any]:
    """What the state machine's expression answers to a sighting whose start was announced."""
    assert sighting.since is not None
    (origin,) = sighting.origins
    at = str(int(now.timestamp() * 1000))
    text = resolved(judgement(rule), TARGET, "aws").replace("$millis()", at)
    expression = jsonata.Jsonata(text)
    frame = expression.create_frame()
    variables = {
        "seen": sighting.seen,
        "id": sighting.id,
        "account": TARGET.account,
        "eventTime": instant(sighting.since),
        "principals": list(sighting.principals),
        "origin": origin,
        "eventOwner": "somebody",
    }
    for name, value in variables.items():
        frame.bind(name, value)
    answer: dict[str, Any] = expression.evaluate(None, frame)
    return answer


def judged_by_the_machine(rule: Rule, sighting: Sighting, now: datetime = NOW) -> Verdict:
    answer = answer_of_the_machine(rule, sighting, now)
    reason = answer["reason"]
    match answer["do"]:
        case "stop":
            return Stop(datetime.fromisoformat(answer["due"]), reason)
        case "keep":
            return Keep(reason)
        case "again":
            return LookAgain(datetime.fromisoformat(answer["until"]), reason)
        case "gone":
            return Gone(reason)
        case other:
            raise AssertionError(f"not an answer: {other}")
