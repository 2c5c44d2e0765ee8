"""Finds the rules that an event matches and sees that each of their targets gets it."""

import json
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from moto.events.models import events_backends

from guardian.localaws.bridges.organizations import organization_of
from guardian.localaws.bus import Arrival, BusAddress, Event, Step
from guardian.localaws.events import policy, targets
from guardian.localaws.events.targets import Arn, DeliveryFailed, Target
from guardian.localaws.events.transformer import FiredRule, InvalidInput, target_input

_log = logging.getLogger(__name__)


class Delivery:
    """Delivers to the rules of moto's buses; `put` takes what goes on to another bus."""

    def __init__(self, put: Callable[[Arrival], None], now: Callable[[], str]) -> None:
        self._put = put
        self._now = now

    def route(self, arrival: Arrival) -> Iterable[Step]:
        """One step for each target of each enabled rule that matches."""
        bus = find_bus(arrival.bus)
        if bus is None:
            _log.warning("an event for %s, which does not exist, is dropped", arrival.bus)
            return
        for rule in list(bus.rules.values()):
            if rule.state.startswith("ENABLED") and _matches(rule, arrival.event):
                for target in list(rule.targets):
                    yield partial(self.deliver, rule, target, arrival)

    def deliver(self, rule: Any, target: Target, arrival: Arrival) -> None:
        """Give the event to one target, or to its dead-letter queue."""
        try:
            self._send(rule, target, arrival)
        except (DeliveryFailed, InvalidInput) as error:
            _log.warning("%s could not deliver to %s: %s", rule.arn, target["Arn"], error)
            _keep(rule, target, arrival.event, error)

    def _send(self, rule: Any, target: Target, arrival: Arrival) -> None:
        arn = Arn.parse(target["Arn"])
        if arn.service == "events" and arn.resource.startswith("event-bus/"):
            self._forward(rule, target, arrival)
        elif rule.name.startswith("Events-Archive-") and arn.service == "events":
            _archive(rule, arrival.event)
        else:
            fired = FiredRule(rule.arn, rule.name, self._now())
            targets.deliver(target, target_input(target, arrival.event, fired), rule.arn)

    def _forward(self, rule: Any, target: Target, arrival: Arrival) -> None:
        if arrival.forwarded:
            _log.info("%s: an event passes from bus to bus only once", rule.arn)
            return
        address = BusAddress.of_arn(target["Arn"])
        bus = find_bus(address)
        if bus is None:
            raise DeliveryFailed("NO_RESOURCE", f"{target['Arn']} does not exist")
        if address.account != rule.account_id:
            if not may_put(bus, rule.account_id, arrival.event):
                raise DeliveryFailed("NO_PERMISSIONS", f"{target['Arn']} does not allow it")
            targets.require_role(target)
        self._put(Arrival(arrival.event, address, forwarded=True))


def find_bus(address: BusAddress) -> Any | None:
    """Moto's event bus, or None."""
    return events_backends[address.account][address.region].event_buses.get(address.name)


def may_put(bus: Any, account: str, event: Event) -> bool:
    """Whether the bus takes `event` from `account`: its own always may, others by its policy."""
    member_of = organization_of(account)
    sender = policy.Sender(
        account,
        None if member_of is None else member_of.org.id,
        event["source"],
        event["detail-type"],
    )
    statements = json.loads(bus.policy or '{"Statement": []}')["Statement"]
    return account == bus.account_id or policy.allows(statements, bus.arn, sender)


def _matches(rule: Any, event: Event) -> bool:
    # a rule with a schedule and no pattern is for no event
    return rule.event_pattern.dump() is not None and rule.event_pattern.matches_event(event)


def _archive(rule: Any, event: Event) -> None:
    backend = events_backends[rule.account_id][rule.region_name]
    archive = backend.archives[rule.name.removeprefix("Events-Archive-")]
    archive.events.append(event)


def _keep(rule: Any, target: Target, event: Event, error: DeliveryFailed | InvalidInput) -> None:
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        return
    code = error.code if isinstance(error, DeliveryFailed) else "INVALID_JSON"
    attributes = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": code,
        "ERROR_MESSAGE": str(error)[:1024],
        # what fails here fails for good: nothing is tried twice
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "0",
    }
    try:
        targets.send_to_dead_letter_queue(queue, json.dumps(event), attributes)
    except DeliveryFailed as failure:
        _log.error("%s: the dead-letter queue %s failed: %s", rule.arn, queue, failure)
