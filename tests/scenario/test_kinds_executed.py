"""Every kind under every policy that matters, from the real event to the report, by the machines that were deployed."""

import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from guardian.demo.cast import HOME
from guardian.digest import NO_PAST, Audience, Window, compose
from guardian.localslack import LocalSlack
from guardian.outcome import Outcome, Result
from guardian.prices import load_prices
from guardian.slack.client import SlackAnnouncer
from tests.scenario.conftest import CHANNEL, eventually
from tests.scenario.life import At
from tests.scenario.lives import LIVES, launch
from tests.scenario.runs import COMING_UP, DEFAULT, KEEP, OPT_IN, PEOPLE, Runs, all_run, cases

SHORT = """a/b "q" \\ <!channel> &lt; {% $x %} *b* \N{PARTY POPPER}"""
HOSTILE = [
    SHORT,
    """it's "quoted" \\ <!channel> <script>alert(1)</script> &amp; `x` *b* _i_""",
    "{% $states.input %} ${AWS::AccountId} {{resolve:ssm:/secret}} \\n \\u0041",
    "a/b:session/c \N{SNOWMAN} \N{PARTY POPPER}\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{PARTY POPPER}" * 255,
]
NATIVE = ("sagemaker-notebook", "emr-cluster", "emr-serverless-application", "ec2-instance")
SECOND = timedelta(seconds=1)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
]  # the machines of all kinds run while the first test is set up


def of(case: str) -> pytest.MarkDecorator:
    """Each kind that the case is tried with."""
    return pytest.mark.parametrize("kind", [kind for kind, name in cases() if name == case])


@dataclass
class Extra:
    """What was started beside the cases."""

    instances: list[str] = field(default_factory=list)
    twice: dict[str, str] = field(default_factory=dict)

    def begin(self, runs: Runs) -> None:
        for name in HOSTILE:
            runs.at("ana").person.open_glue_session(name)
        self.instances = launch(runs.at("ana-more"), {}, 3)
        self.twice["glue-session"] = runs.at("ana").person.open_glue_session("twice")
        deliver_again(runs.at("ana"), "CreateSession", "twice")
        (self.twice["ec2-instance"],) = launch(runs.at("ana-more"), {})
        deliver_again(runs.at("ana-more"), "RunInstances", self.twice["ec2-instance"])


def recorded(at: At, name: str, word: str) -> list[Mapping[str, Any]]:
    """The calls in somebody's account that CloudTrail has and that did not fail, by name and a word in them."""
    asked = [{"AttributeKey": "EventName", "AttributeValue": name}]
    pages = at("cloudtrail").get_paginator("lookup_events").paginate(LookupAttributes=asked)
    texts = [each["CloudTrailEvent"] for page in pages for each in page["Events"]]
    found = [json.loads(text) for text in texts if json.dumps(word)[1:-1] in text]
    return [record for record in found if "errorCode" not in record]


def deliver_again(at: At, name: str, word: str) -> None:
    """EventBridge delivers at least once: let it deliver the event of a call a second time."""
    (record,) = eventually(lambda: recorded(at, name, word))
    event = {
        "version": "0",
        "id": record["eventID"],
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{record['eventSource'].partition('.')[0]}",
        "account": at.person.account,
        "time": record["eventTime"],
        "region": HOME,
        "resources": [],
        "detail": record,
    }
    at.aws.post("/localaws/events", event)


@pytest.fixture(scope="module")
def extra() -> Extra:
    return Extra()


@pytest.fixture(scope="module")
def runs(
    slack_server: LocalSlack, tmp_path_factory: pytest.TempPathFactory, extra: Extra
) -> Iterator[Runs]:
    directory = tmp_path_factory.mktemp("executed") / "config"
    with all_run(slack_server, directory, extra.begin) as run:
        yield run


def only(runs: Runs, kind: str, case: str, result: Result) -> Outcome:
    """The one report of a case, which everybody can be expected to find their things in."""
    (outcome,) = runs.of(kind, case)
    who = runs.started[kind, case].who
    assert (outcome.result, outcome.policy) == (result, PEOPLE[who])
    assert outcome.started
    assert outcome.started >= runs.started[kind, case].before - SECOND
    return outcome


@of("stopped")
def test_what_is_due_is_stopped(runs: Runs, kind: str) -> None:
    outcome = only(runs, kind, "stopped", Result.STOPPED)
    assert runs.state(kind, "stopped") == LIVES[kind].over
    started = runs.started[kind, "stopped"]
    assert LIVES[kind].stays(runs.at(started.who), started.id)
    assert outcome.owner == started.who
    assert outcome.due
    assert started.before + timedelta(minutes=2) - SECOND <= outcome.due <= outcome.at


@of("kept")
def test_what_is_exempt_is_kept(runs: Runs, kind: str) -> None:
    outcome = only(runs, kind, "kept", Result.KEPT)
    assert (outcome.reason, outcome.owner) == ("exempt: tag guardian=keep", "research")
    assert runs.state(kind, "kept") == LIVES[kind].up


@of("kept-until")
def test_what_is_kept_until_a_moment_is_stopped_after_it(runs: Runs, kind: str) -> None:
    outcome = only(runs, kind, "kept-until", Result.STOPPED)
    assert outcome.at >= runs.started[kind, "kept-until"].before + KEEP - SECOND
    assert runs.state(kind, "kept-until") == LIVES[kind].over


@of("gone")
def test_what_somebody_ended_in_its_grace_is_gone(runs: Runs, kind: str) -> None:
    outcome = only(runs, kind, "gone", Result.GONE)
    assert outcome.owner == runs.started[kind, "gone"].who
    assert runs.state(kind, "gone") == LIVES[kind].over


@of("would-stop")
def test_what_is_only_watched_runs_on(runs: Runs, kind: str) -> None:
    outcome = only(runs, kind, "would-stop", Result.WOULD_STOP)
    assert outcome.owner == "wes"
    assert runs.state(kind, "would-stop") == LIVES[kind].up


@of("failed")
def test_what_nobody_may_stop_is_reported_as_failed(runs: Runs, kind: str) -> None:
    outcome = only(runs, kind, "failed", Result.FAILED)
    assert (outcome.reason, outcome.owner) == ("it runs on after 5 stop calls", "dan")
    assert runs.state(kind, "failed") == LIVES[kind].up


@of("pending")
def test_what_cannot_be_stopped_yet_is_stopped_when_it_can(runs: Runs, kind: str) -> None:
    outcome = only(runs, kind, "pending", Result.STOPPED)
    verdicts = runs.judged("pia", outcome.trace)
    assert verdicts[0]["reason"] in COMING_UP
    assert outcome.reason in [verdict["reason"] for verdict in verdicts if verdict["do"] == "stop"]
    assert runs.state(kind, "pending") == LIVES[kind].over


@of("busy")
def test_what_is_at_work_is_stopped_when_it_is_done(runs: Runs, kind: str) -> None:
    outcome = only(runs, kind, "busy", Result.STOPPED)
    idle = timedelta() if kind == "emr-serverless-application" else timedelta(minutes=3)
    assert outcome.at >= runs.started[kind, "busy"].busy_until + idle
    assert runs.state(kind, "busy") == LIVES[kind].over


def test_every_kind_has_run(runs: Runs) -> None:
    assert {kind for kind, _ in runs.started} == set(LIVES) == {*DEFAULT, *OPT_IN}
    assert set(runs.started) == set(cases())


def test_nothing_else_is_reported(runs: Runs, extra: Extra) -> None:
    ours = {each.id for each in runs.started.values()}
    ours |= {*HOSTILE, *extra.instances, *extra.twice.values(), *runs.missed}
    assert [outcome for outcome in runs.outcomes if outcome.id not in ours] == []


@pytest.mark.parametrize("kind", NATIVE)
def test_a_service_s_own_event_starts_a_machine_that_lets_the_caller_s_act_and_reports_nothing(
    runs: Runs, kind: str
) -> None:
    started = runs.started[kind, "stopped"]
    found = runs.executions_of(started.who, kind, started.id)
    quiet = [arn for arn in found if runs.assigned(started.who, arn, "Begin", "quiet") == [True]]
    (native,) = quiet
    (called,) = [arn for arn in found if arn not in quiet]
    assert "Report" in runs.entered(started.who, called)
    if "Report" in runs.entered(started.who, native):  # on a loaded machine only
        looked_again = runs.moments(started.who, native, "Yield", left=True)[0]
        assert runs.moments(started.who, called, "Settle")[0] > looked_again


def test_each_instance_of_one_call_is_stopped_once(runs: Runs, extra: Extra) -> None:
    assert len(extra.instances) == 3
    for instance in extra.instances:
        (outcome,) = runs.about("ana-more", "ec2-instance", instance)
        assert (outcome.result, outcome.owner) == (Result.STOPPED, "ana-more")
        assert LIVES["ec2-instance"].state(runs.at("ana-more"), instance) == "stopped"
        assert len(recorded(runs.at("ana-more"), "StopInstances", instance)) == 1


@pytest.mark.parametrize("kind", ["glue-session", "ec2-instance"])
def test_an_event_that_is_delivered_twice_is_one_stop(runs: Runs, extra: Extra, kind: str) -> None:
    who, identifier = ("ana" if kind in DEFAULT else "ana-more"), extra.twice[kind]
    assert len(runs.executions_of(who, kind, identifier)) >= 2
    results = [outcome.result for outcome in runs.about(who, kind, identifier)]
    assert results.count(Result.STOPPED) == 1
    assert set(results) <= {Result.STOPPED, Result.GONE}


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_name_is_stopped_reported_and_shown_as_it_is(runs: Runs, number: int) -> None:
    name = HOSTILE[number]
    (outcome,) = runs.about("ana", "glue-session", name)
    assert (outcome.result, outcome.id) == (Result.STOPPED, name)
    assert LIVES["glue-session"].state(runs.at("ana"), name) == "STOPPED"


def test_a_hostile_name_stands_in_slack_as_it_is(runs: Runs, slack_server: LocalSlack) -> None:
    found = runs.about("ana", "glue-session", SHORT)
    whole = Window(found[0].at, found[0].at + SECOND)
    digest = compose(Audience(CHANNEL), whole, found, [], NO_PAST, load_prices())
    SlackAnnouncer("xoxb-local", slack_server.endpoint, timeout=10).post(digest, "hostile")
    shown = json.dumps([message.get("blocks") for message in slack_server.messages()])
    assert json.dumps(f"`{html.escape(SHORT, quote=False)}`")[1:-1] in shown
