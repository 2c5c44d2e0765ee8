"""Counts the calls to AWS, every attempt by itself: a throttled one that is tried again is one of each."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from threading import Lock
from typing import Any

from botocore.client import BaseClient

from guardian.aws.faults import class_of
from guardian.errors import AccessDenied, Unavailable

THROTTLED = frozenset({"BandwidthLimitExceeded", "RequestLimitExceeded", "SlowDown"})
_THROTTLED_STARTS = ("Throttl", "TooManyRequests", "RequestThrottled", "ProvisionedThroughput")
OK_BELOW = 300


class CallTally:
    """Attempts by service and result: `ok`, `throttled`, `denied`, `unavailable`, `refused` or `unreachable`."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        with self._lock:
            return dict(self._counts)

    def watch(self, client: BaseClient, service: str) -> None:
        """Count what a client does from now on."""
        client.meta.events.register("response-received", partial(self._answered, service))

    def _answered(
        self, service: str, /, parsed_response: Mapping[str, Any] | None = None, **_: object
    ) -> None:
        result = "unreachable" if parsed_response is None else result_of(parsed_response)
        with self._lock:
            self._counts[service, result] += 1


def result_of(answer: Mapping[str, Any]) -> str:
    """What an answer of AWS says of its call."""
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status < OK_BELOW:
        return "ok"
    code = str(answer.get("Error", {}).get("Code", ""))
    if code in THROTTLED or code.startswith(_THROTTLED_STARTS):
        return "throttled"
    kind = class_of(code, status)
    return {AccessDenied: "denied", Unavailable: "unavailable"}.get(kind, "refused")
