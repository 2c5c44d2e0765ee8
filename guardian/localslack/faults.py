"""Failures on request: rate limits, Slack errors and server errors, a number of times each."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

SERVER_ERROR = 500
TOO_MANY = 429


@dataclass
class Fault:
    """What the next `times` calls of `method` get: an error, a status, or a 429 to wait out."""

    method: str
    times: int = 1
    error: str | None = None
    status: int | None = None
    retry_after: int | None = None

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> "Fault":
        """Read a fault. Raises ValueError unless it names a method and just one failure."""
        known = {"method", "times", "error", "status", "retry_after"}
        if unknown := set(found) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        fault = cls(**{"method": "", **found})
        if not fault.method:
            raise ValueError("method is missing")
        if sum(way is not None for way in (fault.error, fault.status, fault.retry_after)) != 1:
            raise ValueError("give one of error, status and retry_after")
        return fault


class Faults:
    """The faults that are still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        """Fail the next calls of `fault.method`."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Fail no more calls."""
        with self._lock:
            self._faults.clear()

    def take(self, method: str) -> Fault | None:
        """The fault that this call of `method` gets, if any; it has one time less then."""
        with self._lock:
            for fault in self._faults:
                if fault.method == method and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None
