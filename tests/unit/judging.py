"""Rules and sightings to judge, and the states of the machine that judges them, as they are rolled out."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from guardian.documents import instant
from guardian.ids import AccountId, Region, Slug, Target
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind, StartEvent
from guardian.localaws.bridges.jsonata import evaluate
from guardian.policy.model import Exemption, Mode, Rule
from guardian.stack.names import resolved
from guardian.stack.state_machine import definition
from guardian.verdict import PAUSE, Gone, Keep, LookAgain, Sighting, Stop, Verdict, judge

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TARGET = Target(AccountId("111122223333"), Region("eu-west-1"))
PRINCIPAL = "arn:aws:iam::111122223333:role/prod-etl"
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
LONG_AGO = NOW - timedelta(days=2)
SLUG = Slug("sandbox")
EPOCH, MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)

Engine = Callable[[str, Mapping[str, Any]], Any]
"""Evaluates an expression with these variables; raises where it fails or has no value."""


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


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Sets what `guardian.documents.pick` finds at a path; a path that ends within a list takes a list."""
    head, _, rest = path.partition(".")
    name, _, index = head.partition("[")
    if not rest:
        document[name] = [value] if index == "0]" else value
        return
    if not index:
        put(document.setdefault(name, {}), rest, value)
        return
    values = [value] if index == "0]" else value
    items = document.setdefault(name, [{} for _ in values])
    for item, each in zip(items, values, strict=True):
        put(item, rest, each)


def started(kind: Kind, identifier: str, start: StartEvent | None = None) -> dict[str, Any]:
    """The event that tells that one was started, by nobody in particular."""
    start = start or kind.starts[0]
    detail: dict[str, Any] = {"userIdentity": {}} if start.by_call else {}
    for part, value in kind.parts_of(identifier).items():
        if value:
            put(detail, start.ids[part], [value] if "[]" in start.ids[part] else value)
    return {
        "source": start.source,
        "detail-type": start.detail_type,
        "account": TARGET.account,
        "region": TARGET.region,
        "time": instant(LONG_AGO),
        "detail": detail,
    }


def announced(kind: Kind, sighting: Sighting) -> dict[str, Any]:
    """The event that a sighting's start was announced with."""
    assert sighting.since is not None
    event = started(kind, sighting.id)
    event["time"] = instant(sighting.since)
    for principal in sighting.principals:
        event["detail"]["userIdentity"] = {"arn": principal}
    for origin in filter(None, sighting.origins):
        if kind.starts[0].origin:
            put(event["detail"], kind.starts[0].origin, origin)
    return event


class Machine:
    """The machine of a rule as it is rolled out, at a moment: enters one state after the other."""

    def __init__(self, rule: Rule, now: datetime = NOW, engine: Engine = evaluate) -> None:
        self.states: Any = json.loads(resolved(definition(SLUG, rule), TARGET, "aws"))["States"]
        self.variables: dict[str, Any] = {}
        self.now, self.engine = now, engine

    def value(self, template: Any, **known: Any) -> Any:
        """What a field of a state holds; `known` is what `$states` says."""
        if isinstance(template, dict):
            return {name: self.value(each, **known) for name, each in template.items()}
        if isinstance(template, list):
            return [self.value(each, **known) for each in template]
        if not isinstance(template, str) or not template.startswith("{%"):
            return template
        assert template.endswith("%}")
        # The text stays the same whatever the moment, so that an engine may keep what it parsed.
        text = template[2:-2].replace("$millis()", "$clock").replace("$now()", "$clock_text")
        clock = {"clock": (self.now - EPOCH) // MILLISECOND, "clock_text": instant(self.now)}
        return self.engine(text, {**self.variables, **clock, "states": known})

    def enter(self, name: str, **known: Any) -> str:
        """Through one state, a call having answered `result`; the name of the next, "" at an end."""
        state = self.states[name]
        branch = {**state, "Next": state.get("Next", state.get("Default", ""))}
        for choice in state.get("Choices", ()):
            holds = self.value(choice["Condition"], **known)
            assert isinstance(holds, bool)
            if holds:
                branch = choice
                break
        assigned = self.value(branch.get("Assign", {}), **known)
        self.variables |= assigned
        return str(branch["Next"])

    def follow(self, name: str, **known: Any) -> str:
        """On from a state to the next that calls, waits or ends."""
        while self.states[name]["Type"] in {"Pass", "Choice"}:
            name = self.enter(name, **known)
        return name

    def begin(self, event: Mapping[str, Any]) -> str:
        return self.follow("Start", input=event)

    def see(self, seen: Mapping[str, Any]) -> str:
        """The answers of the looks, by read, and what follows from them."""
        self.variables["seen"] = dict(seen)
        return self.follow("See")


def machine_that_saw(
    rule: Rule, sighting: Sighting, now: datetime = NOW, engine: Engine = evaluate
) -> Machine:
    """The machine of a sighting whose start was announced, right after its judgement."""
    machine = Machine(rule, now, engine)
    machine.begin(announced(rule.kind, sighting))
    machine.variables["seen"] = dict(sighting.seen)
    machine.enter("See")
    machine.enter("Judge")
    return machine


def verdict_of(answer: Mapping[str, Any]) -> Verdict:
    """The machine's answer in Python's words."""
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


def judged_by_the_machine(rule: Rule, sighting: Sighting, now: datetime = NOW) -> Verdict:
    return verdict_of(machine_that_saw(rule, sighting, now).variables["verdict"])


@dataclass(frozen=True)
class Case:
    """What is to be said of a sighting under a rule."""

    rule: Rule
    sighting: Sighting
    verdict: Verdict


def both_judge(case: Case) -> Verdict:
    """What the sweep and the machine say, which is the same."""
    verdict = judge(case.rule.kind, case.rule, case.sighting, NOW)
    assert judged_by_the_machine(case.rule, case.sighting) == verdict
    return verdict


def again(reason: str, pause: timedelta = PAUSE) -> LookAgain:
    return LookAgain(NOW + pause, reason)
