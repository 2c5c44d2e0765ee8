"""Faults on request: the next calls of a kind fail, or take long."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from guardian.localaws.calls import Call, service_model

TEXTS = {"service", "operation", "account", "region", "error", "message"}
NUMBERS = {"status": (int,), "delay_seconds": (int, float), "times": (int,), "every": (int,)}
FLAGS = {"lost"}


@dataclass(frozen=True)
class Fault:
    """What happens to the next `times` calls that match; empty fields match every call.

    Without `error` a call is only delayed, by real seconds. A call whose answer is `lost` is carried out all the same,
    and the error is answered. Of the calls that match, each `every`-th one meets it.
    """

    service: str = ""
    operation: str = ""
    account: str = ""
    region: str = ""
    error: str = ""
    message: str = "This fault was asked for."
    status: int = 400
    delay_seconds: float = 0.0
    times: int = 1
    every: int = 1
    lost: bool = False
    met: int = field(default=0, compare=False)
    fired: int = field(default=0, compare=False)

    def matches(self, call: Call, account: str) -> bool:
        asked = (self.service, self.operation, self.account, self.region)
        actual = (call.service, call.operation, account, call.region)
        return self.fired < self.times and all(
            want in ("", have) for want, have in zip(asked, actual, strict=True)
        )


class Faults:
    """The faults that were asked for, the oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, asked: Any) -> dict[str, Any]:
        """Add the fault that the JSON `asked` describes; raises ValueError saying what is wrong."""
        fault = parse(asked)
        with self._lock:
            self._faults.append(fault)
        return asdict(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def report(self) -> list[dict[str, Any]]:
        """Every fault, with how often it fired."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, call: Call, account: str) -> Fault | None:
        """Use up the fault that this call meets."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if not fault.matches(call, account):
                    continue
                met = fault.met + 1
                fires = met % fault.every == 0
                self._faults[place] = replace(fault, met=met, fired=fault.fired + fires)
                if fires:
                    return fault
        return None


def parse(asked: Any) -> Fault:
    """Read a fault from JSON; raises ValueError saying what is wrong with it."""
    if not isinstance(asked, Mapping) or not asked.get("service"):
        raise ValueError("a fault is a JSON object with at least a service")
    for key, value in asked.items():
        _check_field(key, value)
    fault = Fault(**asked)
    if not fault.error and not fault.delay_seconds:
        raise ValueError("a fault needs an error, a delay_seconds, or both")
    if fault.lost and not fault.error:
        raise ValueError("a fault that loses answers needs an error")
    if not fault.every:
        raise ValueError("every must be at least 1")
    if fault.operation and fault.operation not in service_model(fault.service).operation_names:
        raise ValueError(f"{fault.service} has no operation {fault.operation}")
    return fault


def _check_field(key: str, value: Any) -> None:
    if key not in TEXTS | FLAGS and key not in NUMBERS:
        raise ValueError(f"a fault has no {key}")
    if key in TEXTS and not isinstance(value, str):
        raise ValueError(f"{key} must be text, not {value!r}")
    if key in FLAGS and not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false, not {value!r}")
    if key in NUMBERS and not (type(value) in NUMBERS[key] and value >= 0):
        raise ValueError(f"{key} must be a number of at least 0, not {value!r}")
