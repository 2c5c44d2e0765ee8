"""What else happens with outcomes in an account: a rule for each target, and what the targets need. Pure."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from guardian.documents import Json
from guardian.ids import Slug
from guardian.outcome import DETAIL_TYPE, SOURCE
from guardian.policy.model import Also, Policy
from guardian.repair import Expected, ExpectedMachine, ExpectedRule
from guardian.stack import iam, names
from guardian.stack.mail import MAIL, mail_machine, mail_resources, short

_LOGS = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
"""EventBridge writes logs by the second one's hands, and needs both named."""


@dataclass(frozen=True)
class _Rule:
    """A rule for one target; `role` is the events role's ARN, or empty where EventBridge takes none.

    The ARNs have CloudFormation's pseudo parameters in them.
    """

    name: str
    pattern: Mapping[str, Json]
    target: str
    role: str
    needs: tuple[str, ...] = ()


def also_resources(policy: Policy) -> Iterator[tuple[str, Json]]:
    """What the template gains, by logical id. It has an `EventsRole` and an `Undelivered` queue with its policy."""
    yield from _logs(policy)
    yield from mail_resources(policy)
    for key, rule in _rules(policy):
        yield f"Also{key}Rule", _rule(rule)


def also_statements(policy: Policy) -> list[Json]:
    """What the events role gains. It may start the policy's own machines already."""
    starts = dict.fromkeys(_machine_arn(also.start) for also in policy.also if also.start)
    buses = dict.fromkeys(also.bus for also in policy.also if also.bus)
    allowed = [iam.allow(["states:StartExecution"], arn) for arn in starts]
    return [*allowed, *(iam.allow(["events:PutEvents"], arn) for arn in buses)]


def also_expected(policy: Policy, real: Callable[[str], str]) -> Expected:
    """What the resources are like in a target; `real` puts its own in for the pseudo parameters."""
    undelivered = real(names.arn("sqs", names.undelivered_queue(policy.slug)))
    # The probe knows no rule without a role.
    rules = (
        ExpectedRule(rule.name, rule.pattern, real(rule.target), real(rule.role), undelivered)
        for _, rule in _rules(policy)
        if rule.role
    )
    mail = mail_machine(policy)
    if mail is None:
        return Expected(tuple(rules), ())
    arn, role = real(_machine_arn(mail.name)), real(names.role_arn(mail.role))
    machine = ExpectedMachine(mail.name, arn, real(mail.definition), role)
    return Expected(tuple(rules), (machine,))


def _rules(policy: Policy) -> Iterator[tuple[str, _Rule]]:
    """A rule for each target, whatever number of entries it has; by what its logical id holds."""
    by_target: dict[tuple[str, str], list[Also]] = defaultdict(list)
    for also in policy.also:
        by_target[_kind(also), also.log or also.start or also.bus].append(also)
    for (kind, target), entries in by_target.items():
        key = f"{kind}-{short(target)}" if target else kind
        yield (
            key.title().replace("-", ""),
            _Rule(
                name=_rule_name(policy.slug, key),
                pattern=_pattern(policy.slug, entries),
                target=_target(policy.slug, entries[0]),
                role="" if kind == "log" else names.role_arn(names.events_role(policy.slug)),
                needs=("AlsoLogsPolicy", _log_id(target)) if kind == "log" else (),
            ),
        )


def _rule_name(slug: Slug, key: str) -> str:
    return names.rule(slug, f"also-{key}", 0)


def _kind(also: Also) -> str:
    named = {MAIL: also.email, "log": also.log, "start": also.start}
    return next((kind for kind, target in named.items() if target), "bus")


def _target(slug: Slug, also: Also) -> str:
    if also.email:
        return _machine_arn(names.machine(slug, MAIL))
    if also.log:
        return names.arn("logs", f"log-group:{_log_group(slug, also.log)}")
    return _machine_arn(also.start) if also.start else also.bus


def _machine_arn(name: str) -> str:
    return names.arn("states", f"stateMachine:{name}")


def _pattern(slug: Slug, entries: Sequence[Also]) -> Mapping[str, Json]:
    wanted = [_wanted(also) for also in entries]
    told: Mapping[str, Json] = wanted[0] if len(wanted) == 1 else {"$or": wanted}
    return {
        "source": [SOURCE],
        "detail-type": [DETAIL_TYPE],
        "detail": {"policy": [slug], **told},
    }


def _wanted(also: Also) -> Mapping[str, Json]:
    kinds: Mapping[str, Json] = {"kind": list(also.kinds)} if also.kinds else {}
    return {"outcome": list(also.outcomes), **kinds}


def _rule(rule: _Rule) -> Json:
    target: dict[str, Json] = {
        "Id": "guardian",
        "Arn": _substituted(rule.target),
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}},
    }
    if rule.role:
        target["RoleArn"] = {"Fn::GetAtt": ["EventsRole", "Arn"]}
    properties: Json = {
        "Name": rule.name,
        "State": "ENABLED",
        "EventPattern": rule.pattern,
        "Targets": [target],
    }
    needs = ["UndeliveredPolicy", *rule.needs]
    return {"Type": "AWS::Events::Rule", "Properties": properties, "DependsOn": needs}


def _substituted(text: str) -> Json:
    return {"Fn::Sub": text} if "${" in text else text


# What an account that is changing policies has of both for a while must not have one name: the policy's is in it.
def _log_group(slug: Slug, log: str) -> str:
    return f"{log}/{slug}"


def _log_id(log: str) -> str:
    return f"AlsoLog{short(log)}"


def _logs(policy: Policy) -> Iterator[tuple[str, Json]]:
    kept: dict[str, int] = {}
    for also in policy.also:
        if also.log:
            kept[also.log] = max(also.retention.days, kept.get(also.log, 0))
    for log, days in kept.items():
        properties: Json = {
            "LogGroupName": _log_group(policy.slug, log),
            "RetentionInDays": days,
        }
        yield _log_id(log), {"Type": "AWS::Logs::LogGroup", "Properties": properties}
    if kept:
        yield "AlsoLogsPolicy", _logs_policy(policy.slug, list(kept))


def _logs_policy(slug: Slug, logs: Sequence[str]) -> Json:
    """One for all groups: a region of an account has room for ten."""
    groups = [names.arn("logs", f"log-group:{_log_group(slug, log)}:*") for log in logs]
    own_rules = [
        names.arn("events", f"rule/{_rule_name(slug, f'log-{short(log)}')}") for log in logs
    ]
    allowed = {"Effect": "Allow", "Principal": {"Service": _LOGS}, "Resource": groups}
    # Who makes a stream does not say for which rule: only what is written can be bound to rules.
    condition = {"ArnLike": {"aws:SourceArn": own_rules}}
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {**allowed, "Action": "logs:CreateLogStream"},
            {**allowed, "Action": "logs:PutLogEvents", "Condition": condition},
        ],
    }
    properties: Json = {
        "PolicyName": names.stack_set(slug),
        "PolicyDocument": {"Fn::Sub": json.dumps(document, separators=(",", ":"))},
    }
    return {"Type": "AWS::Logs::ResourcePolicy", "Properties": properties}
