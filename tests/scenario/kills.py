"""Kills guardian at boundaries, lets it run again, and asks the journal and the servers whether all is well."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from guardian.app import Guardian
from guardian.demo.cast import HOME
from guardian.documents import instant
from guardian.ids import AccountId, Region, Target
from guardian.jobs.reconcile import plan_once
from guardian.notice import DETAIL_TYPE as NOTICED
from guardian.notice import parse_notice
from guardian.outcome import DETAIL_TYPE, SOURCE, By, Outcome, Result
from guardian.plan import Plan
from tests.scenario import rollouts
from tests.scenario.boundaries import JOBS
from tests.scenario.conftest import EVER, Installation, eventually, session_status
from tests.scenario.test_daemon_killed import digests, told, waiting

KILLED = -9
TYPICAL: Mapping[str, int] = {
    "reconcile": 89,
    "drift": 197,
    "detect": 148,
    "sweep": 95,
    "collect": 21,
    "announce": 51,
    "warn": 45,
}
"""How many boundaries there are in each job's work, roughly: `Trials.measure` counts them."""
PATIENCE = 40
"""How often a job is run anew until it has done its work."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: an exit code, or a signal below zero. `said` is what it met, or the count of its boundaries."""

    code: int
    said: str

    @property
    def boundaries(self) -> int:
        assert self.code == 0, self.said
        return int(self.said)


@dataclass(frozen=True)
class Workshop:
    """Where processes are forked that are killed."""

    installation: Installation
    process: subprocess.Popen[str]

    def run(self, job: str, last: int = 0, **more: Any) -> Ended:
        """Run a job; it is killed at its `last` boundary unless that is 0."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        installation = self.installation
        environment = {**installation.environment, **more.pop("environment", {})}
        directory = str(installation.directory)
        asked = {"job": job, "last": last, "directory": directory, "environment": environment}
        self.process.stdin.write(json.dumps({**asked, **more}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the workshop has died"
        return Ended(**json.loads(answer))


@contextmanager
def workshop(installation: Installation) -> Iterator[Workshop]:
    command = [sys.executable, "-m", "tests.scenario.boundaries"]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Workshop(installation, process)
        finally:
            process.kill()


@dataclass
class Trials:
    """Prepares work for a job, kills it at its work, lets it do it, and looks. `number` numbers what is made."""

    workshop: Workshop
    dice: Random
    number: int = 0
    boundaries: dict[str, int] = field(default_factory=lambda: {**TYPICAL})
    killed: int = 0
    guardian: Guardian = field(init=False)

    def __post_init__(self) -> None:
        self.guardian = self.installation.open()

    @property
    def installation(self) -> Installation:
        return self.workshop.installation

    def measure(self) -> None:
        """Let every job do its work once, and see how many boundaries that has."""
        for job in JOBS:
            done = self.prepare(job)
            self.boundaries[job] = self.workshop.run(job).boundaries
            self.finish(job, done)

    def kill(self, job: str) -> str:
        """Kill a job at a boundary drawn by lot, then let it do what was left; says what was done."""
        done = self.prepare(job)
        last = self.dice.randint(1, self.boundaries[job])
        ended = self.workshop.run(job, last)
        assert ended.code in {KILLED, 0}, ended.said
        self.killed += ended.code == KILLED
        self.finish(job, done)
        return (
            f"{job} killed at {last} of {self.boundaries[job]}" if ended.code else f"{job} ended"
        )

    def finish(self, job: str, done: Callable[[], bool]) -> None:
        for _ in range(PATIENCE):
            if done():
                return
            ended = self.workshop.run(job)
            assert ended.code == 0, ended.said
        found = [str(each) for each in self.installation.findings()]
        assert done(), f"{job} has not done its work: {found[-5:]}"

    def prepare(self, job: str) -> Callable[[], bool]:
        """Make work for a job; answers what tells whether it is done."""
        self.number += 1
        prepare: Callable[[], Callable[[], bool]] = getattr(self, f"_to_{job}")
        return prepare()

    def _to_reconcile(self) -> Callable[[], bool]:
        policy = (self.installation.directory / "policies" / "research.yaml").read_text()
        grace = f"{60 + self.number}m"
        before = policy.partition("grace: ")[2].partition("}")[0]
        self.installation.write(research=policy.replace(f"grace: {before}", f"grace: {grace}"))
        return lambda: self.plan().changes == ()

    def _to_drift(self) -> Callable[[], bool]:
        ana, rule = self.installation.cast.person("ana", "ana"), "guardian-sandbox-glue-session"
        ana.disable_rule(rule)
        return lambda: ana.client("events").describe_rule(Name=rule)["State"] == "ENABLED"

    def _to_detect(self) -> Callable[[], bool]:
        name, api = (
            "guardian-sandbox",
            self.installation.cast.estate.client("cloudformation", HOME),
        )

        def last() -> Any:
            found = api.list_stack_set_operations(StackSetName=name)["Summaries"]
            return [
                each["CreationTimestamp"] for each in found if each["Action"] == "DETECT_DRIFT"
            ]

        before = len(last())
        return lambda: len(last()) > before

    def _to_sweep(self) -> Callable[[], bool]:
        cast, session = self.installation.cast, f"session-{self.number}"
        cast.person("ana", "ana").open_glue_session(session)
        eventually(lambda: session_status(cast, "ana", session) == "READY")
        due = self.guardian.now() + self.guardian.settings.sweep_margin + timedelta(seconds=31)
        eventually(lambda: self.guardian.now() > due)
        return lambda: self.results()[session, Result.STOPPED] == 1

    def _to_collect(self) -> Callable[[], bool]:
        names = [f"told-{self.number}-{n}" for n in range(3)]
        sqs = self.installation.cast.estate.client("sqs", HOME)
        bodies = [json.dumps(self._event(DETAIL_TYPE, name)) for name in names]
        for body in [*bodies, bodies[0]]:  # the first comes twice
            sqs.send_message(QueueUrl=self.installation.cast.queue_url, MessageBody=body)

        def done() -> bool:
            return waiting(self.installation) == 0 and all(
                self.results()[name, Result.STOPPED] == 1 for name in names
            )

        return done

    def _to_announce(self) -> Callable[[], bool]:
        self.guardian.journal.record([self.outcome(f"announced-{self.number}")])
        recorded = self.guardian.now()

        def done() -> bool:
            journal, channel = self.guardian.journal, self.guardian.settings.notify.channel
            until = journal.posted_until(channel)
            return until is not None and until > recorded and not journal.unfinished(channel)

        return done

    def _to_warn(self) -> Callable[[], bool]:
        notice = parse_notice(self._event(NOTICED, f"noticed-{self.number}"))
        self.guardian.journal.foresee([notice])

        def done() -> bool:
            left = {each.identity for each in self.guardian.journal.unposted()}
            return self.posted(notice.identity) == 1 and notice.identity not in left

        return done

    def plan(self) -> Plan:
        guardian, world = self.guardian, self.guardian.world()
        fleet, now = guardian.fleet(world.organization), guardian.now()
        made = plan_once(fleet, world.governance, world.organization, guardian.brakes, now)
        return made.plan

    def posted(self, key: str) -> int:
        """How many messages were posted under a key."""
        found = self.installation.slack.messages()
        keys = [m.get("metadata", {}).get("event_payload", {}).get("key") for m in found]
        return keys.count(key)

    def results(self) -> Counter[tuple[str, Result]]:
        now = self.guardian.now()
        found = self.guardian.journal.outcomes(now - EVER, now + EVER)
        return Counter((outcome.id, outcome.result) for outcome in found)

    def outcome(self, name: str) -> Outcome:
        now = self.guardian.now()
        target = Target(AccountId(self.installation.cast.accounts["ana"]), Region(HOME))
        return Outcome(
            Result.STOPPED, "glue-session", name, target, "sandbox", now, By.SWEEP, started=now
        )

    def _event(self, detail_type: str, name: str) -> Mapping[str, Any]:
        now = self.guardian.now()
        # Nobody is warned of what is over.
        stops = now + timedelta(days=1000)
        return {
            "source": SOURCE,
            "detail-type": detail_type,
            "account": self.installation.cast.accounts["ana"],
            "region": HOME,
            "detail": {
                "version": 1,
                "outcome": "stopped",
                "kind": "glue-session",
                "id": name,
                "policy": "sandbox",
                "started": instant(now),
                "due": instant(stops),
                "stops": instant(stops),
                "at": instant(now),
                "execution": name,
            },
        }

    def check(self) -> None:
        """Nothing was lost and nothing was done twice, by the journal's record and by that of AWS and Slack."""
        results = self.results()
        assert {key: n for key, n in results.items() if n != 1} == {}
        # A stop that was refused once is told as such, and made later.
        assert {result for _, result in results} <= {Result.STOPPED, Result.FAILED}
        self._check_stops()
        self._check_digests()
        assert self.guardian.journal.intended() == ()
        assert self.guardian.journal.unposted() == ()
        assert rollouts.done_twice(rollouts.operations(self.installation.cast)) == []
        assert self.plan().changes == ()

    def _check_stops(self) -> None:
        """Every session was asked to stop once."""
        trail = self.installation.cast.person("admin", "ana").client("cloudtrail")
        name = [{"AttributeKey": "EventName", "AttributeValue": "StopSession"}]
        pages = trail.get_paginator("lookup_events").paginate(LookupAttributes=name)
        records = [json.loads(e["CloudTrailEvent"]) for page in pages for e in page["Events"]]
        stops = Counter(r["requestParameters"]["id"] for r in records if "errorCode" not in r)
        assert {session: n for session, n in stops.items() if n != 1} == {}
        ended = (name for name, result in self.results() if result is Result.STOPPED)
        swept = {name for name in ended if name.startswith("session-")}
        assert set(stops) == swept

    def _check_digests(self) -> None:
        """Every window has one digest, and all of them together tell each stop once."""
        slack = self.installation.slack
        assert digests(slack) is not None  # which looks for keys that are there twice
        until = self.guardian.journal.posted_until(self.guardian.settings.notify.channel)
        known = self.guardian.journal.outcomes(until - EVER, until) if until else ()
        assert told(slack) == sum(outcome.result is Result.STOPPED for outcome in known)
