"""SNS reaches queues of other accounts, and a subscriber that is gone harms no other; SQS keeps policies."""

import logging
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sns.models import Subscription
from moto.sqs.models import Queue

from guardian.localaws.world import World

_log = logging.getLogger(__name__)


def install(_world: World) -> None:
    """Deliver each subscription in the account of its endpoint."""
    create, publish = Subscription.__init__, Subscription.publish

    def created(
        subscription: Any, account_id: str, topic: Any, endpoint: str, protocol: str
    ) -> None:
        create(subscription, account_id, topic, endpoint, protocol)
        if protocol in {"sqs", "lambda"}:
            # moto delivers in `account_id`; `owner` stays who subscribed
            subscription.account_id = endpoint.split(":")[4]

    def published(subscription: Any, *args: Any, **kwargs: Any) -> None:
        try:
            publish(subscription, *args, **kwargs)
        except ServiceException as error:
            _log.warning("%s could not deliver: %s", subscription.arn, error)

    Subscription.__init__ = created
    Subscription.publish = published
    _keep_policies()


def _keep_policies() -> None:
    """Other attributes of a queue are set without its policy."""
    stock = Queue._set_attributes

    def set_attributes(queue: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        kept = getattr(queue, "_policy_json", None)
        stock(queue, attributes, now)
        if kept is not None and "Policy" not in attributes:
            queue._policy_json = kept

    Queue._set_attributes = set_attributes
