"""All kinds in all cases at the same time, each under a policy that was rolled out, and what the hub heard of them."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from guardian.app import Guardian
from guardian.demo.cast import HOME, Cast
from guardian.demo.servers import LocalAwsProcess, local_aws
from guardian.ids import Slug
from guardian.jobs.collect import collect_once
from guardian.kinds import all_kinds
from guardian.localaws.estate import Estate
from guardian.localslack import LocalSlack
from guardian.outcome import DETAIL_TYPE, SOURCE, Outcome, Result
from guardian.stack import names
from tests.scenario.conftest import EVER, ROOT, Installation, eventually, installed
from tests.scenario.life import At, Tags
from tests.scenario.lives import LIVES

SCALE = 1 / 60
WITHIN = 120.0
"""Real seconds in which everything must have been reported, on a loaded machine."""
DEFAULT = tuple(key for key, kind in all_kinds().items() if kind.default)
OPT_IN = tuple(key for key, kind in all_kinds().items() if not kind.default)
WORKING = tuple(key for key in DEFAULT if LIVES[key].work)
COMING_UP = ("it cannot be stopped yet", "when it began is unknown")
"""What machines say of what has been started and cannot be stopped yet."""
KEEP = timedelta(minutes=5)
WORK = timedelta(minutes=12)
"""For how long somebody keeps a thing at work; without work it would be stopped before that."""


@dataclass(frozen=True)
class Rules:
    """A policy, which is for an OU of the same name, and who has accounts there."""

    mode: str
    grace: str
    people: tuple[str, ...]
    kinds: tuple[str, ...] = DEFAULT
    idle: str = "1m"

    def text(self, ou: str) -> str:
        rules = "".join(f"  {key}: {{{self._rule(key)}}}\n" for key in self.kinds)
        keep = "exempt: [{tags: {guardian: keep}}]"
        return f"ou: /{ou}\nmode: {self.mode}\nregions: [{HOME}]\nkinds:\n{rules}{keep}\n"

    def _rule(self, key: str) -> str:
        # IsIdle has a sample every five minutes.
        idle = "5m" if key == "emr-cluster" else self.idle
        return (
            f"grace: {self.grace}, idle: {idle}"
            if all_kinds()[key].idle
            else f"grace: {self.grace}"
        )


POLICIES: Mapping[str, Rules] = {
    "patient": Rules("stop", "2m", ("ana", "dan")),
    "prompt": Rules("stop", "0s", ("pia",)),
    "slow": Rules("stop", "10m", ("sam",)),
    "watched": Rules("observe", "2m", ("wes",)),
    "busy": Rules("stop", "8m", ("ivy",), WORKING, idle="3m"),
    "patient-more": Rules("stop", "2m", ("ana-more",), OPT_IN),
    "slow-more": Rules("stop", "10m", ("sam-more",), OPT_IN),
}
PEOPLE = {who: name for name, rules in POLICIES.items() for who in rules.people}
"""The policy that somebody works under."""


def _keep(_: datetime) -> Tags:
    return {"guardian": "keep", "owner": "research"}


def _keep_until(now: datetime) -> Tags:
    return {"guardian:keep-until": f"{now + KEEP:%Y-%m-%dT%H:%M:%SZ}"}


@dataclass(frozen=True)
class Case:
    """Who starts it, how it ends, and what its owner does once it is up.

    One to `catch` is started anew until a machine has seen it come up: on a loaded machine the first look may be late.
    """

    who: str
    result: Result
    then: str = ""
    tags: Callable[[datetime], Tags] = lambda _: {}


CASES: Mapping[str, Case] = {
    "busy": Case("ivy", Result.STOPPED, "work"),
    "gone": Case("sam", Result.GONE, "end"),
    "stopped": Case("ana", Result.STOPPED),
    "kept": Case("ana", Result.KEPT, tags=_keep),
    "kept-until": Case("ana", Result.STOPPED, tags=_keep_until),
    "pending": Case("pia", Result.STOPPED, "catch"),
    "would-stop": Case("wes", Result.WOULD_STOP),
    "failed": Case("dan", Result.FAILED),
}


def person_of(kind: str, case: str) -> str:
    """Whose account a case of a kind is in."""
    return CASES[case].who if all_kinds()[kind].default else f"{CASES[case].who}-more"


def cases() -> Iterator[tuple[str, str]]:
    """Every kind with every case that there are people for, the longest first."""
    for name, case in CASES.items():
        for kind in (*DEFAULT, *OPT_IN):
            who = person_of(kind, name)
            if who in PEOPLE and (case.then != "work" or kind in WORKING):
                yield kind, name


@dataclass(frozen=True)
class Started:
    """What was started for a case: by whom, guardian's id of it, and the moments around."""

    who: str
    id: str
    before: datetime
    busy_until: datetime


@dataclass
class Runs:
    """What was started, and what the hub heard of it."""

    installation: Installation
    guardian: Guardian
    started: dict[tuple[str, str], Started] = field(default_factory=dict)
    failed: dict[tuple[str, str], Exception] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    outcomes: tuple[Outcome, ...] = ()

    @property
    def cast(self) -> Cast:
        return self.installation.cast

    def at(self, who: str) -> At:
        return At(self.cast.person(who, who), self.cast.aws)

    def of(self, kind: str, case: str) -> list[Outcome]:
        """All that was reported of what was started for a case; raises what kept it from being started."""
        if error := self.failed.get((kind, case)):
            raise error
        started = self.started[kind, case]
        return self.about(started.who, kind, started.id)

    def about(self, who: str, kind: str, identifier: str) -> list[Outcome]:
        account = self.cast.accounts[who]
        found = [o for o in self.outcomes if (o.kind, o.id) == (kind, identifier)]
        return [outcome for outcome in found if outcome.target.account == account]

    def state(self, kind: str, case: str) -> str:
        """What local AWS says of it now."""
        started = self.started[kind, case]
        return LIVES[kind].state(self.at(started.who), started.id)

    def begin(self, kind: str, name: str) -> None:
        """Start one for a case, and do what its owner does then."""
        try:
            self._begin(kind, name)
        except (ClientError, AssertionError) as error:
            self.failed[kind, name] = error

    def _begin(self, kind: str, name: str) -> None:
        case, life, who = CASES[name], LIVES[kind], person_of(kind, name)
        at, before = self.at(who), self.guardian.now()
        identifier = life.start(at, f"{kind}-{name}", case.tags(before))
        if case.then == "catch":
            while not self._caught(who, kind, identifier):
                self.missed.append(identifier)
                identifier = life.start(at, f"{kind}-{name}-{len(self.missed)}", {})
        elif case.then:
            life.wait(at, identifier, life.up)
        busy_until = self.guardian.now() + WORK
        if case.then == "end":
            life.end(at, identifier)
        if case.then == "work" and life.work:
            life.work(at, identifier, int(WORK.total_seconds()))
        self.started[kind, name] = Started(who, identifier, before, busy_until)

    def _caught(self, who: str, kind: str, identifier: str) -> bool:
        """Whether the first look at it came before it was up."""
        execution = eventually(lambda: self.executions_of(who, kind, identifier))[0]
        first = eventually(lambda: self.judged(who, execution))[0]
        return first["reason"] in COMING_UP

    def collect(self) -> None:
        while collect_once(self.guardian.aws.inbox, self.guardian.journal, timedelta()).received:
            pass
        now = self.guardian.now()
        self.outcomes = self.guardian.journal.outcomes(now - EVER, now + EVER)

    def missing(self) -> list[tuple[str, str]]:
        """What was started and not reported yet."""
        self.collect()
        return [each for each in self.started if not self.of(*each)]

    def finish(self) -> None:
        """Wait until no machine runs, and until the hub has heard the last of every account."""
        for who, name in PEOPLE.items():
            for kind in POLICIES[name].kinds:
                wait_for(partial(self._rests, who, kind))
            said = {"version": 1, "kind": "last", "id": who, "policy": name, "outcome": "gone"}
            said["at"] = f"{self.guardian.now():%Y-%m-%dT%H:%M:%SZ}"
            entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(said)}
            self.at(who)("events").put_events(Entries=[entry])
        wait_for(self._heard_the_last)
        self.outcomes = tuple(o for o in self.outcomes if o.kind != "last")

    def _rests(self, who: str, kind: str) -> bool:
        return not self.executions(who, kind, "RUNNING")

    def _heard_the_last(self) -> bool:
        self.collect()
        return {o.id for o in self.outcomes if o.kind == "last"} == set(PEOPLE)

    def executions(self, who: str, kind: str, *status: str) -> list[Mapping[str, Any]]:
        """The executions of a kind's machine in somebody's account."""
        machine = names.machine(Slug(PEOPLE[who]), kind)
        arn = f"arn:aws:states:{HOME}:{self.cast.accounts[who]}:stateMachine:{machine}"
        more = {"statusFilter": status[0]} if status else {}
        api = self.at(who)("stepfunctions")
        found: list[Mapping[str, Any]] = api.list_executions(stateMachineArn=arn, **more)[
            "executions"
        ]
        return found

    def executions_of(self, who: str, kind: str, identifier: str) -> list[str]:
        """The executions that took this for what their event tells of."""
        arns = [str(each["executionArn"]) for each in self.executions(who, kind)]
        return [arn for arn in arns if identifier in self.assigned(who, arn, "Begin", "id")]

    def assigned(self, who: str, execution: str, state: str, variable: str) -> list[Any]:
        """The values that a state of an execution gave to a variable, in order."""
        events = self.history(who, execution)
        exits = [e["stateExitedEventDetails"] for e in events if "stateExitedEventDetails" in e]
        given = [each["assignedVariables"] for each in exits if each["name"] == state]
        return [json.loads(variables[variable]) for variables in given]

    def judged(self, who: str, execution: str) -> list[Mapping[str, Any]]:
        """The verdicts that an execution came to, in order."""
        return self.assigned(who, execution, "Judge", "verdict")

    def history(self, who: str, execution: str) -> list[Mapping[str, Any]]:
        api = self.at(who)("stepfunctions")
        found = api.get_execution_history(executionArn=execution, maxResults=1000)
        return list(found["events"])

    def moments(
        self, who: str, execution: str, state: str, *, left: bool = False
    ) -> list[datetime]:
        """When an execution entered a state, or left it."""
        details = f"state{'Exited' if left else 'Entered'}EventDetails"
        events = self.history(who, execution)
        return [e["timestamp"] for e in events if e.get(details, {}).get("name") == state]

    def entered(self, who: str, execution: str) -> set[str]:
        """The states that an execution has been in."""
        events = self.history(who, execution)
        return {
            str(event["stateEnteredEventDetails"]["name"])
            for event in events
            if "stateEnteredEventDetails" in event
        }


def wait_for(done: Callable[[], bool]) -> None:
    """Wait, and go on when it takes too long: what is missing then fails the tests that look for it, and no others."""
    deadline = time.monotonic() + WITHIN
    while not done() and time.monotonic() < deadline:
        time.sleep(0.1)


def populate(aws: LocalAwsProcess) -> Cast:
    """Make an OU for each policy, the accounts of its people, and the hub."""
    estate = Estate(aws.endpoint)
    organization = estate.organization(HOME)
    ous = estate.units([f"/{name}" for name in POLICIES], HOME)
    accounts = {
        who: estate.account(who, ous[f"/{name}"], ous["/"], HOME) for who, name in PEOPLE.items()
    }
    template = (ROOT / "deploy" / "hub.yaml").read_text()
    outputs = estate.deploy("guardian-hub", template, {"OrganizationId": organization}, HOME)
    return Cast(aws, estate, ous, accounts, outputs["QueueUrl"])


def refuse_stops(runs: Runs, who: str) -> None:
    """Deny every stop call in somebody's account, as a service control policy would."""
    for kind in DEFAULT:
        service, operation = LIVES[kind].stop
        where = {"service": service, "operation": operation, "account": runs.cast.accounts[who]}
        fault = {"error": "AccessDeniedException", "times": 100, "status": 403}
        runs.cast.aws.post("/localaws/faults", {**where, **fault})


def together(*calls: Callable[[], object]) -> None:
    """Make the calls side by side; raises what any of them raises."""
    with ThreadPoolExecutor(12) as pool:
        for done in as_completed([pool.submit(call) for call in calls]):
            done.result()


@contextmanager
def all_run(slack: LocalSlack, directory: Path, also: Callable[[Runs], object]) -> Iterator[Runs]:
    """Everything started, and everything reported. `also` starts more at the same time."""
    with local_aws(SCALE) as aws:
        cast = populate(aws)
        with installed(cast, slack, directory) as made:
            texts = {name: rules.text(name) for name, rules in POLICIES.items()}
            made.write(sandbox="", research="", **texts)
            runs = Runs(made, made.open())
            desks = [(who, kind) for who, name in PEOPLE.items() for kind in POLICIES[name].kinds]
            together(*(partial(LIVES[kind].prepare, runs.at(who)) for who, kind in desks))
            applied = made.apply()
            assert applied.failed == (), applied.failed
            refuse_stops(runs, "dan")
            first = [(kind, name) for kind, name in cases() if CASES[name].then == "catch"]
            for case in first:  # one after the other, while there is nothing else to do
                runs.begin(*case)
            others = [case for case in cases() if case not in first]
            together(*(partial(runs.begin, *case) for case in others), partial(also, runs))
            wait_for(lambda: not runs.missing())
            runs.finish()
            yield runs
