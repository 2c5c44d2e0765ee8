"""The CloudFormation template of a policy: for each kind its rules, role and state machine, and the way to the hub.

Service-managed stack sets allow no transforms, macros or nested stacks and ignore parameters for accounts that join:
so everything is written out, one template for each policy. What is the same in all its state machines is written once,
as a mapping.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce

from guardian.documents import Json, pick
from guardian.ids import Slug, Target
from guardian.notice import DETAIL_TYPE as NOTICE_TYPE
from guardian.outcome import DETAIL_TYPE, SOURCE
from guardian.policy.model import Policy, Rule
from guardian.repair import Expected, ExpectedMachine, ExpectedRule
from guardian.stack import iam, names
from guardian.stack.also import also_expected, also_resources, also_statements
from guardian.stack.expected_roles import expected_roles
from guardian.stack.names import Hub
from guardian.stack.state_machine import (
    definition_of,
    permissions,
    starts_itself,
    states,
    written,
)

COMMON = "Common"
"""Stands in a machine's text for the states that all machines of the template share."""


def template(policy: Policy, hub: Hub) -> str:
    """The template as JSON text."""
    machines = _texts(policy, hub)
    common = _common_states(machines)
    resources: dict[str, Json] = {
        "Undelivered": _undelivered(policy),
        "UndeliveredPolicy": _undelivered_policy(policy),
        "Forward": _forward(policy, hub),
    }
    for rule, texts in zip(policy.rules, machines, strict=True):
        resources |= _kind_resources(policy, rule, _text(texts, common))
    resources |= also_resources(policy)
    resources["EventsRole"] = _events_role(policy, hub, resources)
    # Fn::Sub does not look into what it puts in: nothing is to be escaped there, or substituted.
    shared = names.unescaped(_members(common))
    mappings = {"States": {COMMON: {"Text": shared}}} if common else {}
    placed = json.loads(_placed(written(resources), hub))
    return rendered(f"guardian: policy {policy.slug} of {policy.ou}", placed, mappings)


def rendered(
    description: str, resources: Mapping[str, Json], mappings: Mapping[str, Json] | None = None
) -> str:
    """A template as compact JSON text in a stable order."""
    whole: dict[str, Json] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description[:1024],
        "Resources": resources,
    }
    return written(whole | ({"Mappings": mappings} if mappings else {}))


def fingerprint(text: str) -> str:
    """What tells one template from another; it fits into a tag."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def expected(policy: Policy, hub: Hub, target: Target) -> Expected:
    """What the template makes in a target, to compare with what is there."""
    return expectation(policy, hub)(target)


def expectation(policy: Policy, hub: Hub) -> Callable[[Target], Expected]:
    """The same for many targets of one policy: what is alike in all of them is made out once."""
    forward = (names.forward_rule(policy.slug), _forward_pattern(policy), hub.bus_arn)
    patterns, machines = [forward], list(_expected_machines(policy, hub))
    for rule, machine in zip(policy.rules, machines, strict=True):
        patterns += [(name, pattern, machine.arn) for name, pattern in _patterns(policy, rule)]
    resources = json.loads(template(policy, hub))["Resources"]
    roles, all_rules = tuple(expected_roles(resources)), frozenset(_rule_names(resources))
    queue, events = names.undelivered_queue(policy.slug), names.events_role(policy.slug)

    def at(target: Target) -> Expected:
        def real(text: str) -> str:
            return names.resolved(text, target, hub.partition)

        role, undelivered = real(names.role_arn(events)), real(names.arn("sqs", queue))
        also = also_expected(policy, real)
        return Expected(
            (
                *(ExpectedRule(n, p, real(t), role, undelivered) for n, p, t in patterns),
                *also.rules,
            ),
            (
                *(
                    ExpectedMachine(m.name, real(m.arn), real(m.definition), real(m.role))
                    for m in machines
                ),
                *also.machines,
            ),
            tuple(each.resolved(real) for each in roles),
            queue,
            all_rules,
        )

    return at


def _expected_machines(policy: Policy, hub: Hub) -> Iterator[ExpectedMachine]:
    """With CloudFormation's pseudo parameters still in them, in the order of the rules."""
    machines = _texts(policy, hub)
    common = _common_states(machines)
    for rule, texts in zip(policy.rules, machines, strict=True):
        name = names.machine(policy.slug, rule.kind.key)
        arn = names.arn("states", f"stateMachine:{name}")
        role = names.role_arn(names.machine_role(policy.slug, rule.kind.key))
        text = _with_gap(texts, common)
        whole = text.replace(f"${{{COMMON}}}", _members(common))
        yield ExpectedMachine(name, arn, whole, role)


def _rule_names(resources: Mapping[str, Json]) -> Iterator[str]:
    for resource in resources.values():
        if pick(resource, "Type") == "AWS::Events::Rule":
            yield str(pick(resource, "Properties.Name"))


def _common_states(machines: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """The texts of the states that are the same in all machines, by name; none where there is one machine only.

    A text with a pseudo parameter is not among them: it is not the same in all places.
    """
    alike = [set(texts.items()) for texts in machines]
    shared = reduce(set.intersection, alike) if len(alike) > 1 else set()
    return {name: text for name, text in sorted(shared) if "${AWS::" not in text}


def _texts(policy: Policy, hub: Hub) -> Sequence[Mapping[str, str]]:
    """The text of each state by its name, of the machine of each rule."""
    return [
        {name: _placed(written(state), hub) for name, state in states(policy.slug, rule).items()}
        for rule in policy.rules
    ]


def _placed(text: str, hub: Hub) -> str:
    """The text with its partition named: an organization lies in one, and naming it leaves more states alike."""
    return text.replace("${AWS::Partition}", hub.partition)


def _kind_resources(policy: Policy, rule: Rule, definition: Json) -> Iterator[tuple[str, Json]]:
    title = _title(rule)
    yield f"{title}Role", _machine_role(policy.slug, rule)
    name = names.machine(policy.slug, rule.kind.key)
    yield f"{title}Machine", _machine(name, definition, f"{title}Role")
    for number, (rule_name, pattern) in enumerate(_patterns(policy, rule)):
        yield f"{title}Rule{number or ''}", _rule(rule_name, pattern, {"Ref": f"{title}Machine"})


def _title(rule: Rule) -> str:
    """What the logical ids of a kind's resources begin with."""
    return "".join(part.title() for part in rule.kind.key.split("-"))


def _machine(name: str, text: Json, role: str) -> Json:
    properties: Json = {
        "StateMachineName": name,
        # DefinitionString, not Definition: CloudFormation never compares a write-only property.
        "DefinitionString": text,
        "RoleArn": {"Fn::GetAtt": [role, "Arn"]},
    }
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


def _text(texts: Mapping[str, str], common: Mapping[str, str]) -> Json:
    """A machine's definition, with the common states put in by their mapping."""
    text = _with_gap(texts, common)
    if common:
        return {"Fn::Sub": [text, {COMMON: {"Fn::FindInMap": ["States", COMMON, "Text"]}}]}
    return {"Fn::Sub": text} if "${" in text else text


def _with_gap(texts: Mapping[str, str], common: Mapping[str, str]) -> str:
    """A machine's definition, with `${Common}` where the common states belong, if there are any."""
    text = definition_of({name: text for name, text in texts.items() if name not in common})
    return text.removesuffix("}}") + f",${{{COMMON}}}}}}}" if common else text


def _members(texts: Mapping[str, str]) -> str:
    return ",".join(f"{written(name)}:{text}" for name, text in texts.items())


def _patterns(policy: Policy, rule: Rule) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for number, start in enumerate(rule.kind.starts):
        # As JSON has it: what EventBridge answers is compared with it.
        pattern = json.loads(written(start.pattern))
        yield names.rule(policy.slug, rule.kind.key, number), pattern


def _forward_pattern(policy: Policy) -> Mapping[str, Json]:
    # By policy: an account that is changing policies has two stacks for a while, and reports once.
    warns = any(rule.warn_before for rule in policy.rules)
    told: list[Json] = [DETAIL_TYPE, NOTICE_TYPE] if warns else [DETAIL_TYPE]
    return {"source": [SOURCE], "detail-type": told, "detail": {"policy": [policy.slug]}}


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


def _machine_role(slug: Slug, rule: Rule) -> Json:
    report = iam.allow(["events:PutEvents"], names.arn("events", "event-bus/default"))
    own = names.arn("states", f"stateMachine:{names.machine(slug, rule.kind.key)}")
    again = [iam.allow(["states:StartExecution"], own)] if starts_itself(rule.kind) else []
    return iam.role(
        {"Fn::Sub": names.machine_role(slug, rule.kind.key)},
        iam.service_trust("states.amazonaws.com"),
        [*iam.statements(permissions(rule)), report, *again],
    )


def _events_role(policy: Policy, hub: Hub, resources: Mapping[str, Json]) -> Json:
    # Each by itself: `guardian-data-*` would be the machines of a policy data-science, too.
    machines: list[Json] = [{"Ref": name} for name in resources if name.endswith("Machine")]
    return iam.role(
        {"Fn::Sub": names.events_role(policy.slug)},
        iam.service_trust("events.amazonaws.com"),
        [
            iam.allow(["states:StartExecution"], machines),
            iam.allow(["events:PutEvents"], hub.bus_arn),
            *also_statements(policy),
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
