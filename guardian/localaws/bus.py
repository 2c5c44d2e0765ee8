"""Takes events and has them delivered in order, without keeping the sender waiting."""

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

from guardian.localaws.clock import Clock, iso

Event = Mapping[str, Any]
"""An event with its whole envelope, as a rule sees it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BusAddress:
    """Where an event bus is."""

    account: str
    region: str
    name: str = "default"

    @classmethod
    def of_arn(cls, arn: str) -> Self:
        """Raises ValueError unless `arn` is that of an event bus."""
        parts = arn.split(":", 5)
        if len(parts) < 6 or parts[2] != "events" or not parts[5].startswith("event-bus/"):  # noqa: PLR2004 - the fields of an ARN
            raise ValueError(f"{arn} is not the ARN of an event bus")
        return cls(parts[4], parts[3], parts[5].removeprefix("event-bus/"))


@dataclass(frozen=True)
class Arrival:
    """An event that reached a bus; `forwarded` says that it came from another bus."""

    event: Event
    bus: BusAddress
    forwarded: bool = False


Step = Callable[[], None]
Router = Callable[[Arrival], Iterable[Step]]


class EventBus:
    """Takes events of AWS services and of callers; one worker delivers them in order.

    Until a router is connected events are dropped. What goes wrong in one delivery is logged
    and touches no other.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._route: Router = lambda _arrival: ()
        self._worker = ThreadPoolExecutor(1, "event-bus")
        self._epoch = 0

    def connect(self, router: Router) -> None:
        """Let `router` say which deliveries an event needs."""
        self._route = router

    def emit(
        self,
        bus: BusAddress,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str] = (),
    ) -> str:
        """Put an event of an AWS service, of the account and region of `bus`, on it; answers its id."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": bus.account,
            "time": timestamp(self.clock),
            "region": bus.region,
            "resources": list(resources),
            "detail": detail,
        }
        self.put(Arrival(event, bus))
        return str(event["id"])

    def put(self, arrival: Arrival) -> None:
        """Deliver an event to what its bus has rules for."""
        self.later(lambda: self._deliver(arrival))

    def later(self, step: Step) -> None:
        """Run `step` after everything that was asked for before it."""
        epoch = self._epoch

        def unless_reset() -> None:
            if epoch == self._epoch:
                step()

        self._worker.submit(unless_reset).add_done_callback(_log_failure)

    def reset(self) -> None:
        """Drop what has not been delivered yet."""
        self._epoch += 1

    def _deliver(self, arrival: Arrival) -> None:
        for step in self._route(arrival):
            self.later(step)


def timestamp(clock: Clock) -> str:
    """The local time as events carry it: ISO 8601 to the second, `Z`."""
    return iso(clock.now(), timespec="seconds")


def _log_failure(done: "Future[None]") -> None:
    if (error := done.exception()) is not None:
        _log.error("a step of the event bus failed", exc_info=error)
