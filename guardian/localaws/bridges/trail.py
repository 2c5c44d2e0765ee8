"""CloudTrail: calls that change something become events, and LookupEvents finds them."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.cloudtrail.models import cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse

from guardian.localaws.bus import BusAddress
from guardian.localaws.trail import organization_trail
from guardian.localaws.trail.calls import Call, capture, is_recorded
from guardian.localaws.trail.history import PAGE, History, Logging, matching, summary
from guardian.localaws.trail.record import event_source, record_of
from guardian.localaws.world import World

DETAIL_TYPE = "AWS API Call via CloudTrail"


class Recorder:
    """Records calls and, where a trail is logging, tells the event bus."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.history = History()
        self.logging = Logging()

    def record(self, call: Call, *, logged: bool) -> None:
        """Write one call down; an event follows when a trail was logging there."""
        record = record_of(call)
        self.history.add(record)
        if logged:
            bus = BusAddress(call.account, call.region)
            self._world.bus.emit(bus, event_source(record), DETAIL_TYPE, record)

    def is_logged(self, call: Call) -> bool:
        """Whether a trail is logging now where the call was made."""
        if self.logging.is_on(call.account, call.region):
            return True
        trails = cloudtrail_backends[call.account][call.region].describe_trails(True)
        return any(trail.status.is_logging for trail in trails)

    def switch(self, asked: Any) -> dict[str, bool]:
        """Turn the organization's trail on or off, everywhere or for an account or region.

        Raises ValueError when `logging` is missing or no boolean.
        """
        logging = asked.get("logging") if isinstance(asked, dict) else None
        if logging not in (True, False):
            raise ValueError(
                'say {"logging": true} or false, and an "account" or "region" if need be'
            )
        self.logging.set(asked.get("account"), asked.get("region"), logging=logging)
        return {"logging": logging}


def install(world: World) -> None:
    """Record every call that moto answers."""
    recorder = Recorder(world)
    world.on_reset(recorder.history.reset)
    world.on_reset(recorder.logging.reset)
    organization_trail.install(recorder.logging)
    world.listen("/localaws/trail", recorder.switch)
    BaseResponse.call_action = _recorded(BaseResponse.call_action, recorder, world)
    CloudTrailResponse.lookup_events = _lookup_events(recorder.history)


def _recorded(
    call_action: Callable[[Any], Any], recorder: Recorder, world: World
) -> Callable[[Any], Any]:
    @wraps(call_action)
    def recorded(handler: Any) -> Any:
        answer = call_action(handler)
        if is_recorded(handler.service_name, handler._get_action()):
            call = capture(handler, answer, world.clock.now())
            logged = recorder.is_logged(call)
            # after the answer and apart from it: what fails here must not fail the call
            world.bus.later(lambda: recorder.record(call, logged=logged))
        return answer

    return recorded


def _lookup_events(history: History) -> Callable[[Any], str]:
    def lookup_events(handler: Any) -> str:
        asked = json.loads(handler.body or "{}")
        found = _looked_up(history.newest_first(handler.current_account, handler.region), asked)
        first = int(asked.get("NextToken") or 0)
        last = first + min(int(asked.get("MaxResults") or PAGE), PAGE)
        answer: dict[str, Any] = {
            "Events": [summary(record, json.dumps(record)) for record in found[first:last]]
        }
        return json.dumps(answer | ({"NextToken": str(last)} if last < len(found) else {}))

    return lookup_events


def _looked_up(records: list[dict[str, Any]], asked: dict[str, Any]) -> list[dict[str, Any]]:
    attributes = [
        (wanted["AttributeKey"], wanted["AttributeValue"])
        for wanted in asked.get("LookupAttributes") or [None]
        if wanted is not None
    ]
    try:
        return matching(
            records,
            attributes[0] if attributes else None,
            asked.get("StartTime"),
            asked.get("EndTime"),
        )
    except KeyError as error:
        raise JsonRESTError(
            "InvalidLookupAttributesException", f"local AWS cannot look up by {error}"
        ) from error
