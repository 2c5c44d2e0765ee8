"""How the daemon is told to stop."""

import os
import signal
from threading import Event, Thread

NUMBERS = (signal.SIGTERM, signal.SIGINT)
KILLED = 128
"""The exit code of a process that a signal ended is this and the signal's number."""


def on_signals(stopping: Event) -> None:
    """Set the event at SIGTERM or SIGINT; a second one ends the process, whatever its threads are at.

    To be called by the main thread, before there is any other: a thread of its own waits for them. A handler would run
    in the middle of what the main thread does, which may hold the event's lock, and as the first process of a
    container it would be sent no signal that has none.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)
    Thread(target=_wait, args=(stopping,), name="signals", daemon=True).start()


def _wait(stopping: Event) -> None:
    signal.sigwait(NUMBERS)
    stopping.set()
    os._exit(KILLED + signal.sigwait(NUMBERS))
