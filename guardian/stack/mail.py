"""Mail about outcomes: a state machine that writes it, and for each address a topic of its own. Pure.

What EventBridge itself would send is the whole event as JSON, or a text in which it escapes nothing, so that a
quotation mark in somebody's id keeps the mail from being sent. With a topic for each address nobody has to confirm
again when others are added, or when it changes what is told to whom.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guardian.documents import Json
from guardian.ids import Slug
from guardian.policy.model import Also, Policy
from guardian.stack import iam, names
from guardian.stack.judgement import literal
from guardian.stack.tasks import js

MAIL = "mail"


@dataclass(frozen=True)
class MailMachine:
    """The state machine that writes mail; its definition and its role's name have pseudo parameters in them."""

    name: str
    definition: str
    role: str


def mail_machine(policy: Policy) -> MailMachine | None:
    """None where no mail is sent."""
    mails = _mails(policy)
    if not mails:
        return None
    role = names.machine_role(policy.slug, MAIL)
    return MailMachine(names.machine(policy.slug, MAIL), _definition(policy.slug, mails), role)


def mail_resources(policy: Policy) -> Iterator[tuple[str, Json]]:
    """What the template gains, by logical id."""
    machine = mail_machine(policy)
    if machine is None:
        return
    topics: dict[str, Json] = {
        f"AlsoTopic{short(mail.address)}": _topic(mail.topic, mail.address)
        for mail in _mails(policy)
    }
    yield from topics.items()
    own: list[Json] = [{"Ref": name} for name in sorted(topics)]
    yield (
        "AlsoMailRole",
        iam.role(
            {"Fn::Sub": machine.role},
            iam.service_trust("states.amazonaws.com"),
            [iam.allow(["sns:Publish"], own)],
        ),
    )
    properties: Json = {
        "StateMachineName": machine.name,
        "DefinitionString": {"Fn::Sub": machine.definition},
        "RoleArn": {"Fn::GetAtt": ["AlsoMailRole", "Arn"]},
    }
    yield "AlsoMailMachine", {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


def short(text: str) -> str:
    """What stands for a text in the name of something."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class _Mail:
    """Who gets what: `topic` is a name."""

    address: str
    topic: str
    wanted: Also


def _mails(policy: Policy) -> Sequence[_Mail]:
    return [
        _Mail(address, f"{names.machine(policy.slug, MAIL)}-{short(address)}", also)
        for also in policy.also
        for address in also.email
    ]


def _topic(name: str, address: str) -> Json:
    # Within the topic: a subscription of its own that nobody confirmed cannot be changed or deleted.
    properties: Json = {
        "TopicName": name,
        "DisplayName": "guardian",
        "Subscription": [{"Protocol": "email", "Endpoint": address}],
    }
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def _definition(slug: Slug, mails: Sequence[_Mail]) -> str:
    write: Json = {
        "Type": "Pass",
        "Assign": {
            "topics": js(_topics(mails)),
            "subject": js(_subject()),
            "message": js(_message()),
        },
        "Next": "Each",
    }
    each: Json = {
        "Type": "Map",
        "Items": js("$topics"),
        "ItemProcessor": {"StartAt": "Send", "States": {"Send": _send()}},
        "Output": {},
        "End": True,
    }
    machine: Json = {
        "Comment": f"guardian: mail of {slug}",
        "QueryLanguage": "JSONata",
        "StartAt": "Write",
        "States": {"Write": write, "Each": each},
    }
    return json.dumps(machine, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _send() -> Json:
    again: Json = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 5,
        "MaxAttempts": 6,
        "BackoffRate": 2,
    }
    return {
        "Type": "Task",
        "Resource": "arn:${AWS::Partition}:states:::sns:publish",
        "Arguments": {
            "TopicArn": js("$states.input"),
            "Subject": js("$subject"),
            "Message": js("$message"),
        },
        "TimeoutSeconds": 60,
        "Retry": [again],
        "End": True,
    }


_DETAIL = "$states.input.detail"


def _topics(mails: Sequence[_Mail]) -> str:
    """The topics of those who asked for such an outcome, each once."""
    asked: dict[str, list[str]] = defaultdict(list)
    for mail in mails:
        asked[mail.topic].append(_asks(mail.wanted))
    chosen = (
        f"({' or '.join(asks)}) ? '{names.arn('sns', topic)}'" for topic, asks in asked.items()
    )
    return f"[{', '.join(f'({one})' for one in chosen)}]"


def _asks(also: Also) -> str:
    told = f"{_DETAIL}.outcome in [{', '.join(map(literal, also.outcomes))}]"
    kinds = f"{_DETAIL}.kind in [{', '.join(map(literal, also.kinds))}]"
    return f"({told} and {kinds})" if also.kinds else f"({told})"


def _subject() -> str:
    """SNS takes no more than 99 plain characters."""
    words = f"'guardian: ' & {_DETAIL}.outcome & ' ' & {_DETAIL}.kind"
    where = "' in ' & $states.input.account & ' ' & $states.input.region"
    return f"$substring($replace({words} & {where}, /[^ -~]/, '?'), 0, 99)"


_FIELDS = (
    *("outcome", "kind", "id", "account", "region", "policy", "reason", "owner", "started", "at"),
    "execution",
)
# Control and direction characters: what somebody else wrote stays in its own line, and reads as it was written.
_UNPRINTABLE = r"/[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/"


def _message() -> str:
    """A line for each field; the account and the region are EventBridge's word."""
    place = "{'account': $states.input.account, 'region': $states.input.region}"
    said = f"$substring($replace($lookup($told, $field) & '', {_UNPRINTABLE}, ' '), 0, 500)"
    fields = ", ".join(map(literal, _FIELDS))
    lines = f"$map([{fields}], function($field) {{ $field & ': ' & {said} }})"
    return f"($told := $merge([{_DETAIL}, {place}]); $join({lines}, '\\n'))"
