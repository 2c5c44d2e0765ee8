"""Hands an input to the target of a rule: a state machine, a queue, a topic or a log group."""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

from moto.core.exceptions import ServiceException
from moto.core.utils import unix_time_millis
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.responses import get_backend as stepfunctions_backend
from werkzeug.exceptions import HTTPException

from guardian.localaws.events.log_policy import may_write

Target = Mapping[str, Any]
PRINCIPAL = "events.amazonaws.com"


class DeliveryFailed(Exception):
    """The target did not take the input; `code` is what a dead-letter queue is told."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Arn(NamedTuple):
    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, arn: str) -> Self:
        """Raises DeliveryFailed when it is none."""
        parts = arn.split(":", 5)
        if len(parts) < 6:  # noqa: PLR2004 - the fields of an ARN
            raise DeliveryFailed("SDK_CLIENT_ERROR", f"{arn} is not an ARN")
        return cls(*parts[1:])


def deliver(target: Target, body: str, rule: str) -> None:
    """Give `body` to `target` for the rule of this ARN. Raises DeliveryFailed."""
    arn = Arn.parse(target["Arn"])
    send = _SENDERS.get(arn.service)
    if send is None:
        raise DeliveryFailed(
            "SDK_CLIENT_ERROR", f"local AWS cannot deliver to a target of {arn.service}"
        )
    try:
        send(target, arn, body, rule)
    except (ServiceException, HTTPException) as error:
        raise DeliveryFailed("NO_RESOURCE", _reason(error)) from error


def require_role(target: Target) -> None:
    """Raises DeliveryFailed when EventBridge has no role to act with."""
    role_arn = target.get("RoleArn")
    if not role_arn:
        raise DeliveryFailed("NO_PERMISSIONS", f"{target['Arn']} needs a RoleArn")
    arn = Arn.parse(role_arn)
    try:
        role = iam_backends[arn.account][arn.partition].get_role_by_arn(role_arn)
    except NotFoundException as error:
        raise DeliveryFailed("NO_PERMISSIONS", f"{role_arn} does not exist") from error
    if not _trusts_eventbridge(role.assume_role_policy_document):
        raise DeliveryFailed("NO_PERMISSIONS", f"{role_arn} does not trust {PRINCIPAL}")


def _trusts_eventbridge(document: str | Mapping[str, Any]) -> bool:
    policy = json.loads(document) if isinstance(document, str) else document
    return any(
        statement["Effect"] == "Allow" and PRINCIPAL in _services(statement.get("Principal"))
        for statement in policy["Statement"]
    )


def _services(principal: Any) -> list[str]:
    named = principal.get("Service", []) if isinstance(principal, Mapping) else []
    return [named] if isinstance(named, str) else list(named)


def _reason(error: ServiceException | HTTPException) -> str:
    return str(getattr(error, "message", None) or error)


def _start_execution(target: Target, arn: Arn, body: str, _rule: str) -> None:
    require_role(target)
    stepfunctions_backend(arn.account, arn.region).start_execution(
        target["Arn"], name=f"{uuid.uuid4()}_{uuid.uuid4()}", execution_input=body
    )


def _send_message(target: Target, arn: Arn, body: str, _rule: str) -> None:
    queues = sqs_backends[arn.account][arn.region]
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    if group and queues.get_queue(arn.resource).attributes.get(
        "ContentBasedDeduplication"
    ) not in {"true", True}:
        raise DeliveryFailed(
            "INVALID_PARAMETER", f"{arn.resource} needs content-based deduplication"
        )
    queues.send_message(queue_name=arn.resource, message_body=body, group_id=group)


def _publish(target: Target, arn: Arn, body: str, _rule: str) -> None:
    sns_backends[arn.account][arn.region].publish(message=body, arn=target["Arn"])


def _put_log_event(target: Target, arn: Arn, body: str, rule: str) -> None:
    logs = logs_backends[arn.account][arn.region]
    group = arn.resource.removeprefix("log-group:").removesuffix(":*")
    policies = [policy.policy_document for policy in logs.resource_policies.values()]
    if target.get("RoleArn"):
        raise DeliveryFailed("INVALID_PARAMETER", f"RoleArn is not supported for {target['Arn']}")
    if not may_write(policies, target["Arn"].removesuffix(":*"), rule):
        message = f"no resource policy lets {rule} write to {group}"
        raise DeliveryFailed("NO_PERMISSIONS", message)
    stream = str(uuid.uuid4())
    logs.create_log_stream(group, stream)
    logs.put_log_events(group, stream, [{"timestamp": unix_time_millis(), "message": body}])


_SENDERS: Mapping[str, Callable[[Target, Arn, str, str], None]] = {
    "states": _start_execution,
    "sqs": _send_message,
    "sns": _publish,
    "logs": _put_log_event,
}


def send_to_dead_letter_queue(queue_arn: str, event: str, attributes: Mapping[str, str]) -> None:
    """Keep an undeliverable `event` with what is known of its failure. Raises DeliveryFailed."""
    arn = Arn.parse(queue_arn)
    texts = {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }
    try:
        sqs_backends[arn.account][arn.region].send_message(
            queue_name=arn.resource, message_body=event, message_attributes=texts
        )
    except (ServiceException, HTTPException) as error:
        raise DeliveryFailed("NO_RESOURCE", _reason(error)) from error
