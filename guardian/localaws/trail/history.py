"""Event history, and where a trail is logging."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from guardian.localaws.trail.identity import user_name
from guardian.localaws.trail.record import Record

KEPT = 1000
PAGE = 50


class Logging:
    """Where the organization's trail is logging: everywhere, but for what was switched."""

    def __init__(self) -> None:
        self._switches: dict[tuple[str | None, str | None], bool] = {}

    def set(self, account: str | None, region: str | None, *, logging: bool) -> None:
        """Switch one region of one account; None stands for every one."""
        self._switches = {
            place: switch
            for place, switch in self._switches.items()
            if (account is not None and place[0] != account)
            or (region is not None and place[1] != region)
        }
        self._switches[account, region] = logging

    def is_on(self, account: str, region: str) -> bool:
        for place in ((account, region), (account, None), (None, region), (None, None)):
            if place in self._switches:
                return self._switches[place]
        return True

    def reset(self) -> None:
        """Log everywhere."""
        self._switches.clear()


class History:
    """The last records of each account and region, whether a trail is logging or not."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], deque[Record]] = defaultdict(
            lambda: deque(maxlen=KEPT)
        )

    def add(self, record: Record) -> None:
        self._records[record["recipientAccountId"], record["awsRegion"]].append(record)

    def reset(self) -> None:
        """Forget every record."""
        self._records.clear()

    def newest_first(self, account: str, region: str) -> list[Record]:
        return list(reversed(self._records.get((account, region), ())))


def matching(
    records: Iterable[Record],
    attribute: tuple[str, str] | None,
    start: float | None,
    end: float | None,
) -> list[Record]:
    """The records that a lookup asks for. Raises KeyError on an unknown attribute."""
    return [
        record
        for record in records
        if (attribute is None or _ATTRIBUTES[attribute[0]](record) == attribute[1])
        and (start is None or _seconds(record) >= start)
        and (end is None or _seconds(record) <= end)
    ]


_ATTRIBUTES: dict[str, Callable[[Record], Any]] = {
    "EventId": lambda record: record["eventID"],
    "EventName": lambda record: record["eventName"],
    "EventSource": lambda record: record["eventSource"],
    "ReadOnly": lambda record: str(record["readOnly"]).lower(),
    "Username": lambda record: user_name(record["userIdentity"]),
    "AccessKeyId": lambda record: record["userIdentity"].get("accessKeyId"),
}


def summary(record: Record, text: str) -> dict[str, Any]:
    """A record as LookupEvents answers it; `text` is the record itself."""
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": str(record["readOnly"]).lower(),
        "AccessKeyId": record["userIdentity"].get("accessKeyId"),
        "EventTime": _seconds(record),
        "EventSource": record["eventSource"],
        "Username": user_name(record["userIdentity"]),
        "Resources": [],
        "CloudTrailEvent": text,
    }


def _seconds(record: Record) -> float:
    return datetime.fromisoformat(record["eventTime"]).timestamp()
