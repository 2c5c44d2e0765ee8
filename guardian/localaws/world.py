"""What every bridge is given when it is installed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from guardian.localaws.bus import EventBus
from guardian.localaws.clock import Clock

Service = Callable[[str, str, Mapping[str, Any]], Mapping[str, Any]]
"""Answers an operation in a region, of a service of the JSON protocol; raises moto's ServiceException."""
Handler = Callable[[Any], Any]
"""Makes an answer of the decoded JSON that was posted; its ValueError is a 400."""
MANAGEMENT_ACCOUNT = "123456789012"
"""The account of unknown credentials; `CreateOrganization` makes it the management account."""


@dataclass(frozen=True)
class World:
    """The clock, the event bus and the address of this local AWS.

    A bridge that keeps state outside moto's backends registers a hook with
    `world.on_reset(hook)`; `POST /moto-api/reset` runs every hook, in order of
    registration, before moto forgets its own state. What it can be told beside the
    APIs of AWS it registers with `world.listen(path, handler)`.
    """

    port: int
    clock: Clock
    bus: EventBus
    reset_hooks: list[Callable[[], None]] = field(default_factory=list)
    handlers: dict[str, Handler] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """Where every client, ours or a state machine's task, finds this AWS."""
        return f"http://127.0.0.1:{self.port}"

    def on_reset(self, hook: Callable[[], None]) -> None:
        """Run `hook` whenever local AWS is asked to forget everything."""
        self.reset_hooks.append(hook)

    def listen(self, path: str, handler: Handler) -> None:
        """Answer `POST path` with what `handler` makes of the decoded JSON."""
        self.handlers[path] = handler

    def serve(self, service: str, answer: Service) -> None:
        """Answer the calls of a service that moto does not have at all, by the name it signs with."""
        self.services[service] = answer

    def reset(self) -> None:
        """Forget what the bridges know; moto's own state is moto's to forget."""
        for hook in self.reset_hooks:
            hook()
