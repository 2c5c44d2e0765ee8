"""The CloudFormation template of a policy: for each kind its rules and state machine, the roles, the way to the hub.

Service-managed stack sets allow no transforms, macros or nested stacks and ignore parameters for accounts that join:
so everything is written out, one template for each policy.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping

from guardian.documents import Json
from guardian.ids import Target
from guardian.outcome import DETAIL_TYPE, SOURCE
from guardian.policy.model import Policy, Rule
from guardian.repair import Expected, ExpectedMachine, ExpectedRule
from guardian.stack import iam, names
from guardian.stack.names import Hub
from guardian.stack.state_machine import definition, permissions


def template(policy: Policy, hub: Hub) -> str:
    """The template as JSON text."""
    resources: dict[str, Json] = {
        "MachineRole": _machine_role(policy),
        "EventsRole": _events_role(policy, hub),
        "Undelivered": _undelivered(policy),
        "UndeliveredPolicy": _undelivered_policy(policy),
        "Forward": _forward(policy, hub),
    }
    for rule in policy.rules:
        resources |= _kind_resources(policy, rule)
    return rendered(f"guardian: policy {policy.slug} of {policy.ou}", resources)


def rendered(description: str, resources: Mapping[str, Json]) -> str:
    """A template as compact JSON text in a stable order."""
    whole: Json = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description[:1024],
        "Resources": resources,
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def fingerprint(text: str) -> str:
    """What tells one template from another; it fits into a tag."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def expected(policy: Policy, hub: Hub, target: Target) -> Expected:
    """What the template makes in a target, to compare with what is there."""
    partition = names.partition_of(target.region)

    def real(text: str) -> str:
        return names.resolved(text, target, partition)

    events_role = real(names.role_arn(names.events_role(policy.slug)))
    machine_role = real(names.role_arn(names.machine_role(policy.slug)))
    undelivered = real(names.arn("sqs", names.undelivered_queue(policy.slug)))
    forward = (names.forward_rule(policy.slug), _forward_pattern(policy), hub.bus_arn)
    patterns, machines = [forward], []
    for rule in policy.rules:
        name = names.machine(policy.slug, rule.kind.key)
        arn = real(names.arn("states", f"stateMachine:{name}"))
        text = real(definition(policy.slug, rule))
        machines.append(ExpectedMachine(name, arn, text, machine_role))
        patterns += [(rule_name, pattern, arn) for rule_name, pattern in _patterns(policy, rule)]
    rules = (ExpectedRule(*each, events_role, undelivered) for each in patterns)
    return Expected(tuple(rules), tuple(machines))


def _kind_resources(policy: Policy, rule: Rule) -> Iterator[tuple[str, Json]]:
    title = "".join(part.title() for part in rule.kind.key.split("-"))
    machine = f"{title}Machine"
    yield machine, _machine(policy, rule)
    for number, (name, pattern) in enumerate(_patterns(policy, rule)):
        yield f"{title}Rule{number or ''}", _rule(name, pattern, {"Ref": machine})


def _machine(policy: Policy, rule: Rule) -> Json:
    properties: Json = {
        "StateMachineName": names.machine(policy.slug, rule.kind.key),
        # DefinitionString, not Definition: CloudFormation never compares a write-only property.
        "DefinitionString": {"Fn::Sub": definition(policy.slug, rule)},
        "RoleArn": {"Fn::GetAtt": ["MachineRole", "Arn"]},
        "Tags": [{"Key": "guardian:policy", "Value": policy.slug}],
    }
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


def _patterns(policy: Policy, rule: Rule) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for number, start in enumerate(rule.kind.starts):
        pattern: Mapping[str, Json] = {
            # Nobody can forge a source that begins with `aws.`; event names are not unique across services.
            "source": [start.source],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": [start.event_source],
                "eventName": list(start.names),
                "errorCode": [{"exists": False}],
            },
        }
        yield names.rule(policy.slug, rule.kind.key, number), pattern


def _forward_pattern(policy: Policy) -> Mapping[str, Json]:
    # By policy: an account that is changing policies has two stacks for a while, and reports once.
    return {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": {"policy": [policy.slug]}}


def _forward(policy: Policy, hub: Hub) -> Json:
    rule = _rule(names.forward_rule(policy.slug), _forward_pattern(policy), hub.bus_arn)
    return {**rule, "DependsOn": ["UndeliveredPolicy"]}


def _rule(name: str, pattern: Mapping[str, Json], target: Json) -> dict[str, Json]:
    delivery: Json = {
        "Id": "guardian",
        "Arn": target,
        "RoleArn": {"Fn::GetAtt": ["EventsRole", "Arn"]},
        # No input transformer: it does not escape, and ids are chosen by callers. The whole event goes in.
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}},
    }
    properties: Json = {
        "Name": name,
        "State": "ENABLED",
        "EventPattern": pattern,
        "Targets": [delivery],
    }
    return {"Type": "AWS::Events::Rule", "Properties": properties}


def _machine_role(policy: Policy) -> Json:
    calls = [call for rule in policy.rules for call in permissions(rule)]
    report = iam.allow(["events:PutEvents"], names.arn("events", "event-bus/default"))
    return iam.role(
        {"Fn::Sub": names.machine_role(policy.slug)},
        iam.service_trust("states.amazonaws.com"),
        [*iam.statements(calls), report],
    )


def _events_role(policy: Policy, hub: Hub) -> Json:
    machines = names.arn("states", f"stateMachine:{names.machine(policy.slug, '*')}")
    return iam.role(
        {"Fn::Sub": names.events_role(policy.slug)},
        iam.service_trust("events.amazonaws.com"),
        [
            iam.allow(["states:StartExecution"], machines),
            iam.allow(["events:PutEvents"], hub.bus_arn),
        ],
    )


def _undelivered(policy: Policy) -> Json:
    properties: Json = {
        "QueueName": names.undelivered_queue(policy.slug),
        "MessageRetentionPeriod": 1209600,
        "SqsManagedSseEnabled": True,
    }
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def _undelivered_policy(policy: Policy) -> Json:
    own_rules = names.arn("events", f"rule/{names.PREFIX}-{policy.slug}-*")
    statement: Json = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["Undelivered", "Arn"]},
        "Condition": {"ArnLike": {"aws:SourceArn": {"Fn::Sub": own_rules}}},
    }
    properties: Json = {
        "Queues": [{"Ref": "Undelivered"}],
        "PolicyDocument": iam.policy([statement]),
    }
    return {"Type": "AWS::SQS::QueuePolicy", "Properties": properties}
