"""What lies between member accounts and guardian: the bus, its rules, the queues; what AWS says of time and trust."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

from botocore.exceptions import ClientError

from guardian.aws.clients import Clients
from guardian.aws.options import AwsOptions
from guardian.documents import Json, text
from guardian.errors import GuardianError, Unavailable
from guardian.ids import Target
from guardian.ports import BusRule, HubQueue

COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


class AwsHubParts:
    """Asks about the hub with guardian's own credentials."""

    def __init__(self, clients: Clients, options: AwsOptions) -> None:
        self._clients = clients
        self._options = options

    def time(self) -> datetime:
        try:
            answer = self._clients.identity()
        except GuardianError as error:
            cause = error.__cause__
            if not isinstance(cause, ClientError):
                raise
            answer = cause.response
        headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
        try:
            return parsedate_to_datetime(headers["date"])
        except (KeyError, ValueError) as error:
            raise Unavailable("sts:GetCallerIdentity: AWS did not say what time it is") from error

    def trusts_stack_sets(self) -> bool:
        answer = self._clients.call(
            self._clients.hub,
            "cloudformation",
            "DescribeOrganizationsAccess",
            CallAs=self._options.call_as,
        )
        return answer.get("Status") == "ENABLED"

    def bus_policy(self, bus: str) -> Json:
        answer = self._clients.call(self._place, "events", "DescribeEventBus", Name=bus)
        return _json(answer.get("Policy"))

    def rules(self, bus: str, queue: str) -> Sequence[BusRule]:
        return tuple(self._rules(bus, queue))

    def _rules(self, bus: str, queue: str) -> Iterator[BusRule]:
        for page in self._clients.pages(
            self._place, "events", "ListRuleNamesByTarget", TargetArn=queue, EventBusName=bus
        ):
            for name in page["RuleNames"]:
                rule = self._clients.call(
                    self._place, "events", "DescribeRule", Name=name, EventBusName=bus
                )
                enabled = rule.get("State") != "DISABLED"
                yield BusRule(name, enabled, _json(rule.get("EventPattern")))

    def queue(self) -> HubQueue:
        found = self._attributes(self._options.queue_url, "QueueArn", "Policy", "RedrivePolicy")
        return HubQueue(
            arn=found["QueueArn"],
            messages=_messages(found),
            policy=_json(found.get("Policy")),
            unreadable=text(_json(found.get("RedrivePolicy")), "deadLetterTargetArn"),
        )

    def unreadable(self, queue: str) -> tuple[str, int]:
        *_, account, name = queue.split(":")
        answer = self._clients.call(
            self._clients.hub, "sqs", "GetQueueUrl", QueueName=name, QueueOwnerAWSAccountId=account
        )
        url = str(answer["QueueUrl"])
        return url, _messages(self._attributes(url))

    @property
    def _place(self) -> Target:
        """Where the bus is."""
        region = self._options.hub_region or self._options.home_region
        return Target(self._clients.own_account, region)

    def _attributes(self, url: str, *more: str) -> Mapping[str, str]:
        answer = self._clients.call(
            self._clients.hub,
            "sqs",
            "GetQueueAttributes",
            QueueUrl=url,
            AttributeNames=[*COUNTS, *more],
        )
        found: Mapping[str, str] = answer.get("Attributes", {})
        return found


def _messages(attributes: Mapping[str, str]) -> int:
    return sum(int(attributes.get(name, 0)) for name in COUNTS)


def _json(text_of_json: object) -> Json:
    """What a document is that an API answers as text; None where it is none."""
    try:
        found: Json = json.loads(str(text_of_json)) if text_of_json else None
    except ValueError:
        return None
    return found
