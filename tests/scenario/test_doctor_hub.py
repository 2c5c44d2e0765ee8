"""`guardian doctor` and the way of a report: bus, queue and rule, broken and mended by what it says."""

import json
from collections.abc import Mapping

import pytest

from guardian.doctor import Status
from tests.scenario import examination
from tests.scenario.conftest import Installation
from tests.scenario.examination import Ask, client, fault, option

ask = examination.ask

BUS, RULE = "guardian", "guardian-outcomes"

pytestmark = pytest.mark.slow


def test_a_bus_without_its_policy_is_mended_by_what_it_says(
    governed: Installation, ask: Ask
) -> None:
    events = client(governed, "events")
    events.remove_permission(EventBusName=BUS, StatementId="organization")
    found = ask("bus")
    assert found["bus"].status is Status.FAILED
    fix = found.fix("bus")
    anybody = {
        "EventBusName": option(fix, "--event-bus-name"),
        "StatementId": option(fix, "--statement-id"),
        "Action": option(fix, "--action"),
        "Principal": option(fix, "--principal"),
    }
    events.put_permission(**anybody)
    assert "lets every account of AWS in" in ask("bus").said("bus")
    events.put_permission(**anybody, Condition=json.loads(option(fix, "--condition")))
    assert ask("bus")["bus"].status is Status.OK


def test_a_bus_that_is_not_there_is_told(ask: Ask) -> None:
    found = ask("bus", "rule", GUARDIAN_HUB_BUS="nowhere")
    assert "no event bus nowhere" in found.said("bus")
    assert found["rule"].status is Status.FAILED


def test_what_may_not_be_looked_at_is_a_warning_that_names_the_grant(
    governed: Installation, ask: Ask
) -> None:
    with fault(governed, service="sqs", error="AccessDenied"):
        found = ask("rule", "bus")
    assert found["queue"].status is Status.WARNING
    assert "sqs:GetQueueAttributes" in found.advice("queue")
    assert found["rule"].status is Status.NOT_CHECKED
    assert found["bus"].status is Status.OK


def test_a_queue_that_is_not_there_is_told(governed: Installation, ask: Ask) -> None:
    url = f"{governed.cast.queue_url}-other"
    found = ask("queue", GUARDIAN_HUB_QUEUE_URL=url)
    assert found.said("queue") == f"there is no queue {url}"


def test_a_queue_that_lets_nobody_send_is_mended_by_what_it_says(
    governed: Installation, ask: Ask
) -> None:
    sqs, url = client(governed, "sqs"), governed.cast.queue_url
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    found = ask("queue policy")
    assert found["queue policy"].status is Status.FAILED
    attributes = json.loads(option(found.fix("queue policy"), "--attributes"))
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    assert ask("queue policy")["queue policy"].status is Status.OK


def test_a_rule_that_is_disabled_wrong_or_gone_is_mended_by_what_it_says(
    governed: Installation, ask: Ask
) -> None:
    events = client(governed, "events")
    which: Mapping[str, str] = {"EventBusName": BUS}
    events.disable_rule(Name=RULE, **which)
    disabled = ask("rule")
    assert disabled.said("rule") == f"{RULE} is disabled: no report reaches the queue"
    events.enable_rule(Name=option(disabled.fix("rule"), "--name"), **which)

    wrong = json.dumps({"source": ["guardian"], "detail-type": ["Guardian Noticed"]})
    events.put_rule(Name=RULE, EventPattern=wrong, **which)
    narrow = ask("rule")
    assert narrow.said("rule") == f"{RULE} leaves out Guardian Outcome"
    events.put_rule(Name=RULE, EventPattern=option(narrow.fix("rule"), "--event-pattern"), **which)
    assert ask("rule")["rule"].status is Status.OK

    events.remove_targets(Rule=RULE, Ids=["queue"], **which)
    gone = ask("rule")
    assert gone["rule"].status is Status.FAILED
    target = dict(part.split("=") for part in gone.fix("rule")[-1].split(","))
    events.put_targets(Rule=RULE, Targets=[target], **which)
    assert ask("rule")["rule"].status is Status.OK


def test_what_nobody_could_read_is_told(governed: Installation, ask: Ask) -> None:
    sqs, url = client(governed, "sqs"), f"{governed.cast.queue_url}-unreadable"
    sqs.send_message(QueueUrl=url, MessageBody="?")
    found = ask("unreadable")
    sqs.purge_queue(QueueUrl=url)
    assert found["unreadable"].status is Status.WARNING
    assert "/guardian-unreadable --max" in found.advice("unreadable")
