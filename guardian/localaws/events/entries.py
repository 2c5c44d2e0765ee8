"""Events that come from outside: entries of PutEvents, and recorded events of AWS services."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from guardian.localaws.bus import Arrival, BusAddress, Event, EventBus, timestamp
from guardian.localaws.clock import iso
from guardian.localaws.events.delivery import find_bus, may_put

ENVELOPE = ("id", "account", "source", "time", "region", "resources", "detail-type")
"""What every event has beside its `version` and `detail`."""


def inject(bus: EventBus, event: Any) -> Mapping[str, str]:
    """Put a recorded event, as it is, on the default bus of its account and region; answers its id.

    Raises ValueError when it has no whole envelope.
    """
    fields = event if isinstance(event, dict) else {}
    missing = [name for name in (*ENVELOPE, "detail") if name not in fields]
    if missing:
        raise ValueError(f"an event needs {', '.join(missing)}")
    bus.put(Arrival(fields, BusAddress(fields["account"], fields["region"])))
    return {"EventId": fields["id"]}


class _EntryRefused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def put_entry(bus: EventBus, caller: BusAddress, entry: Mapping[str, Any]) -> dict[str, str]:
    """Take one entry of a caller's PutEvents; answers the entry of the response."""
    try:
        event = _event(bus, caller, entry)
        address = _addressed_bus(caller, entry.get("EventBusName") or "default", event)
    except _EntryRefused as error:
        return {"ErrorCode": error.code, "ErrorMessage": str(error)}
    bus.put(Arrival(event, address))
    return {"EventId": event["id"]}


def _event(bus: EventBus, caller: BusAddress, entry: Mapping[str, Any]) -> Event:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            raise _EntryRefused(
                "InvalidArgument",
                f"Parameter {name} is not valid. Reason: {name} is a required argument.",
            )
    if entry["Source"].startswith("aws."):
        raise _EntryRefused("NotAuthorizedForSourceException", "Not authorized for the source.")
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": caller.account,
        "time": _time(entry.get("Time")) or timestamp(bus.clock),
        "region": caller.region,
        "resources": list(entry.get("Resources") or []),
        "detail": _detail(entry["Detail"]),
    }


def _detail(text: str) -> Mapping[str, Any]:
    try:
        detail = json.loads(text)
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        raise _EntryRefused("MalformedDetail", "Detail is malformed.")
    return detail


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return iso(datetime.fromtimestamp(float(seconds), UTC), timespec="seconds")


def _addressed_bus(caller: BusAddress, name: str, event: Event) -> BusAddress:
    """The bus that a caller names; a direct call reaches only its own region."""
    try:
        address = (
            BusAddress.of_arn(name)
            if name.startswith("arn:")
            else BusAddress(caller.account, caller.region, name)
        )
    except ValueError as error:
        raise _EntryRefused("InvalidArgument", str(error)) from error
    if address.region != caller.region:
        raise _EntryRefused("InvalidArgument", f"{name} is not in {caller.region}.")
    found = find_bus(address)
    if found is None:
        raise _EntryRefused("ResourceNotFoundException", f"Event bus {name} does not exist.")
    if not may_put(found, caller.account, event):
        raise _EntryRefused(
            "AccessDeniedException",
            "You do not have permissions to publish events with this detail type, account, "
            "source, or event bus.",
        )
    return address
