"""What else happens when a session is stopped: mail, a log, somebody's own state machine, somebody's own bus."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from guardian.demo.cast import HOME, RESEARCH, SANDBOX
from tests.scenario.conftest import Installation, eventually

WHO, ELSEWHERE = "ana", "pat"
SESSION = 'it is "mine", and\u202e \\nOwner: root'
ADDRESS = "team@example.com"
LOG = "/guardian/outcomes/sandbox"
WITHIN = 60.0

POLICY = """\
ou: {ou}
mode: stop
regions: [{region}]
kinds:
  glue-session: {{grace: 30s}}
{also}"""
ALSO = """\
also:
  - email: [{address}]
    outcomes: [stopped]
    kinds: [glue-session]
  - log: /guardian/outcomes
    retention: 30d
  - start: after-stop
  - start: after-failure
    outcomes: [failed]
  - bus: {bus}
"""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Stopped:
    """An installation in which a session ran too long; the URLs of the queues that hear of it, the machines by name."""

    installation: Installation
    bus: str
    mail: str
    machines: Mapping[str, str]

    def client(self, service: str) -> Any:
        return client(self.installation, WHO, service)


def client(installation: Installation, who: str, service: str) -> Any:
    return installation.cast.person("admin", who).client(service)


def queue(installation: Installation, who: str, name: str) -> tuple[str, str]:
    """A new queue's URL and ARN."""
    sqs = client(installation, who, "sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return url, found["QueueArn"]


def received(installation: Installation, who: str, url: str) -> list[dict[str, Any]]:
    sqs = client(installation, who, "sqs")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


@pytest.fixture(scope="module")
def finops(installation: Installation) -> str:
    """The URL of a queue that gets what reaches a bus of another account."""
    events = client(installation, ELSEWHERE, "events")
    bus = events.create_event_bus(Name="finops")["EventBusArn"]
    events.put_permission(
        EventBusName="finops",
        Action="events:PutEvents",
        Principal=installation.cast.accounts[WHO],
        StatementId="ana",
    )
    url, arn = queue(installation, ELSEWHERE, "finops")
    events.put_rule(Name="all", EventBusName="finops", EventPattern='{"source": ["guardian"]}')
    target = {"Id": "queue", "Arn": arn}
    events.put_targets(Rule="all", EventBusName="finops", Targets=[target])
    text = ALSO.format(address=ADDRESS, bus=bus)
    installation.write(sandbox=POLICY.format(ou=SANDBOX, region=HOME, also=text))
    return url


@pytest.fixture(scope="module")
def machines(installation: Installation) -> Mapping[str, str]:
    """The machines of ana's own, by name."""
    made = client(installation, WHO, "stepfunctions")
    account = installation.cast.accounts[WHO]
    nothing = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    return {
        name: made.create_state_machine(
            name=name,
            definition=json.dumps(nothing),
            roleArn=f"arn:aws:iam::{account}:role/own",
        )["stateMachineArn"]
        for name in ("after-stop", "after-failure")
    }


@pytest.fixture(scope="module")
def stopped(installation: Installation, finops: str, machines: Mapping[str, str]) -> Stopped:
    assert installation.apply().failed == ()
    sns = client(installation, WHO, "sns")
    (topic,) = [t["TopicArn"] for t in sns.list_topics()["Topics"] if "-mail-" in t["TopicArn"]]
    url, arn = queue(installation, WHO, "mailbox")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    installation.cast.person(WHO, WHO).open_glue_session(SESSION)
    return Stopped(installation, finops, url, machines)


def test_who_is_to_be_written_to_is_subscribed(stopped: Stopped) -> None:
    subscriptions = stopped.client("sns").list_subscriptions()["Subscriptions"]
    assert {s["Endpoint"] for s in subscriptions if s["Protocol"] == "email"} == {ADDRESS}


def test_a_stop_is_told_by_mail_in_lines_that_nobody_else_writes(stopped: Stopped) -> None:
    (mail,) = eventually(lambda: received(stopped.installation, WHO, stopped.mail), WITHIN)
    account = stopped.installation.cast.accounts[WHO]
    assert mail["Subject"] == f"guardian: stopped glue-session in {account} {HOME}"
    lines = dict(line.split(": ", 1) for line in mail["Message"].split("\n"))
    assert lines["id"] == SESSION.replace("\u202e", " ")
    assert (lines["outcome"], lines["policy"]) == ("stopped", "sandbox")
    assert lines["reason"] == "grace of 30s is over"


def test_a_stop_is_logged_as_the_event_that_it_was(stopped: Stopped) -> None:
    logs = stopped.client("logs")
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/guardian/")["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == (LOG, 30)
    (entry,) = eventually(lambda: logs.filter_log_events(logGroupName=LOG)["events"], WITHIN)
    detail = json.loads(entry["message"])["detail"]
    assert (detail["outcome"], detail["id"]) == ("stopped", SESSION)


def test_a_stop_starts_the_machine_that_waits_for_stops_and_no_other(stopped: Stopped) -> None:
    api = stopped.client("stepfunctions")

    def executions(name: str) -> list[Any]:
        return list(api.list_executions(stateMachineArn=stopped.machines[name])["executions"])

    (execution,) = eventually(lambda: executions("after-stop"), WITHIN)
    given = api.describe_execution(executionArn=execution["executionArn"])["input"]
    assert json.loads(given)["detail"]["id"] == SESSION
    assert executions("after-failure") == []


def test_a_stop_reaches_a_bus_of_another_account(stopped: Stopped) -> None:
    (event,) = eventually(lambda: received(stopped.installation, ELSEWHERE, stopped.bus), WITHIN)
    assert event["account"] == stopped.installation.cast.accounts[WHO]
    assert event["detail"]["id"] == SESSION


def test_everything_was_delivered(stopped: Stopped) -> None:
    eventually(lambda: SESSION in collected(stopped.installation), WITHIN)
    sqs = stopped.client("sqs")
    url = sqs.get_queue_url(QueueName="guardian-sandbox-undelivered")["QueueUrl"]
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counted["ApproximateNumberOfMessages"] == "0"


def collected(installation: Installation) -> set[str]:
    installation.collect()
    return {outcome.id for outcome in installation.outcomes()}


def test_the_drift_probe_finds_nothing_to_mend_but_a_rule_that_was_disabled(
    stopped: Stopped,
) -> None:
    assert drift(stopped.installation) == set()
    events = stopped.client("events")
    rules = events.list_rules(NamePrefix="guardian-sandbox-also-start-")["Rules"]
    events.disable_rule(Name=rules[0]["Name"])
    assert drift(stopped.installation) == {rules[0]["Name"]}
    events.enable_rule(Name=rules[0]["Name"])


def drift(installation: Installation) -> set[str]:
    return {change.drift.resource for change in installation.plan().changes if change.drift}


def test_what_is_asked_for_no_more_goes_with_all_that_it_needed(stopped: Stopped) -> None:
    installation = stopped.installation
    text = ALSO.format(address=ADDRESS, bus="arn:aws:events:eu-west-1:111122223333:event-bus/b")
    for also, found in ((text, 4), ("", 0)):
        installation.write(research=POLICY.format(ou=RESEARCH, region=HOME, also=also))
        assert installation.apply().failed == ()
        events, sns, logs = (client(installation, "ravi", s) for s in ("events", "sns", "logs"))
        rules = events.list_rules(NamePrefix="guardian-research-also-")["Rules"]
        assert len(rules) == found + bool(found)
        assert len(sns.list_topics()["Topics"]) == bool(found)
        assert len(logs.describe_log_groups()["logGroups"]) == bool(found)
        assert len(logs.describe_resource_policies()["resourcePolicies"]) == bool(found)
