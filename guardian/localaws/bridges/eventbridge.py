"""EventBridge: events reach their targets, patterns and permissions mean what they mean on AWS."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import (
    EventBus,
    EventBusPolicyStatement,
    EventPattern,
    EventsBackend,
    Rule,
)
from moto.events.responses import EventsHandler

from guardian.localaws.bus import Arrival, BusAddress, Event, timestamp
from guardian.localaws.events import pattern_syntax, patterns
from guardian.localaws.events.delivery import Delivery
from guardian.localaws.events.entries import ENVELOPE, inject, put_entry
from guardian.localaws.world import World

MAX_ENTRIES = 10
MAX_TARGETS = 5


def install(world: World) -> None:
    """Deliver what is put on `world.bus`, and have moto's API put its events there."""
    delivery = Delivery(world.bus.put, lambda: timestamp(world.clock))
    world.bus.connect(delivery.route)
    world.on_reset(world.bus.reset)
    _install_patterns()
    _install_policies()
    _install_put_events(world)
    _limit_targets()
    _install_replays(world, delivery)
    world.listen("/localaws/events", lambda event: inject(world.bus, event))


def _install_replays(world: World, delivery: Delivery) -> None:
    def send_to_targets(rule: Any, event: Event, **_transform: bool) -> None:
        arrival = Arrival(event, BusAddress(rule.account_id, rule.region_name))
        if rule.event_pattern.matches_event(event):
            for target in list(rule.targets):
                world.bus.later(partial(delivery.deliver, rule, target, arrival))

    Rule.send_to_targets = send_to_targets


def _install_patterns() -> None:
    def load(cls: Any, raw_pattern: str | None) -> Any:
        try:
            return cls(raw_pattern, pattern_syntax.parse(raw_pattern) if raw_pattern else {})
        except pattern_syntax.InvalidPattern as error:
            raise InvalidEventPatternException(reason=str(error)) from error

    def test_event_pattern(handler: Any) -> str:
        pattern = EventPattern.load(handler._get_param("EventPattern"))
        event = _tested_event(handler._get_param("Event"))
        return json.dumps({"Result": pattern.matches_event(event)})

    EventPattern.load = classmethod(load)
    EventPattern.matches_event = lambda self, event: patterns.matches(self.get_pattern(), event)
    EventsHandler.test_event_pattern = test_event_pattern


def _tested_event(text: str) -> Event:
    try:
        event = json.loads(text)
    except ValueError as error:
        raise ValidationException("Parameter Event is not valid.") from error
    missing = [name for name in ENVELOPE if not isinstance(event, dict) or name not in event]
    if missing:
        raise ValidationException(f"Parameter Event is not valid: it has no {missing[0]}.")
    return dict(event)


def _install_policies() -> None:
    """Statements are told apart by their ids alone; a whole policy replaces the one before."""

    def add_policy(bus: Any, document: Mapping[str, Any]) -> None:
        statements = document.get("Statement")
        statements = [statements] if isinstance(statements, dict) else statements
        if not statements or not all(statement.get("Sid") for statement in statements):
            raise JsonRESTError("ValidationException", "Every statement needs a Sid.")
        bus._statements = {
            statement["Sid"]: EventBusPolicyStatement.from_dict({"Resource": bus.arn} | statement)
            for statement in statements
        }

    stock = EventBusPolicyStatement.describe

    def describe(statement: Any) -> dict[str, Any]:
        told = stock(statement)
        everybody = told["Principal"] == {"AWS": "arn:aws:iam::*:root"}  # what moto makes of `*`
        return told | ({"Principal": "*"} if everybody else {})

    EventBusPolicyStatement.describe = describe
    EventBus.add_policy = add_policy
    EventBus._remove_principals_statements = lambda _bus, *_principals: None


def _limit_targets() -> None:
    stock = EventsBackend.put_targets

    def put_targets(
        backend: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
    ) -> None:
        bus = backend.describe_event_bus(backend._normalize_event_bus_arn(event_bus_arn))
        known = [target["Id"] for target in bus.rules[name].targets] if name in bus.rules else []
        if len({*known, *(target["Id"] for target in targets)}) > MAX_TARGETS:
            raise JsonRESTError(
                "LimitExceededException",
                "The requested resource exceeds the maximum number allowed.",
            )
        stock(backend, name, event_bus_arn, targets)

    EventsBackend.put_targets = put_targets


def _install_put_events(world: World) -> None:
    def put_events(backend: Any, events: list[dict[str, Any]]) -> list[dict[str, str]]:
        if len(events) > MAX_ENTRIES:
            raise ValidationException(
                "1 validation error detected: Value at 'entries' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MAX_ENTRIES}"
            )
        caller = BusAddress(backend.account_id, backend.region_name)
        return [put_entry(world.bus, caller, entry) for entry in events]

    EventsBackend.put_events = put_events
