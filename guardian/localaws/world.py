"""What every bridge is given when it is installed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from guardian.localaws.bus import EventBus
from guardian.localaws.clock import Clock

MANAGEMENT_ACCOUNT = "123456789012"
"""The account of unknown credentials; `CreateOrganization` makes it the management account."""


@dataclass(frozen=True)
class World:
    """The clock, the event bus and the address of this local AWS.

    A bridge that keeps state outside moto's backends registers a hook with
    `world.on_reset(hook)`; `POST /moto-api/reset` runs every hook, in order of
    registration, before moto forgets its own state.
    """

    port: int
    clock: Clock
    bus: EventBus
    reset_hooks: list[Callable[[], None]] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """Where every client, ours or a state machine's task, finds this AWS."""
        return f"http://127.0.0.1:{self.port}"

    def on_reset(self, hook: Callable[[], None]) -> None:
        """Run `hook` whenever local AWS is asked to forget everything."""
        self.reset_hooks.append(hook)

    def reset(self) -> None:
        """Forget what the bridges know; moto's own state is moto's to forget."""
        for hook in self.reset_hooks:
            hook()
