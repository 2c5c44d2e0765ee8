"""How the daemon is told to stop."""

import signal
from threading import Event
from types import FrameType


def on_signals(stopping: Event) -> None:
    """Set the event at SIGTERM or SIGINT; a second one ends the process."""
    numbers = (signal.SIGTERM, signal.SIGINT)

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()
        # The next one ends the process, whatever its threads are waiting for.
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)

    for number in numbers:
        signal.signal(number, stop)
