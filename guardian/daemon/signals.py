"""How the daemon is told to stop."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

NUMBERS = (signal.SIGTERM, signal.SIGINT)
OVER = signal.SIGUSR1
"""Ends the thread that waits for the others."""
KILLED = 128
"""The exit code of a process that a signal ended is this and the signal's number."""


@contextmanager
def on_signals(stopping: Event) -> Iterator[None]:
    """Set the event at SIGTERM or SIGINT; a second one ends the process, whatever its threads are at.

    To be entered by the main thread, before there is any other: a thread of its own waits for them. A handler would run
    in the middle of what the main thread does, which may hold the event's lock, and as the first process of a
    container it would be sent no signal that has none.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*NUMBERS, OVER})
    done = Event()
    waiting = Thread(target=_wait, args=(stopping, done), name="signals", daemon=True)
    waiting.start()
    try:
        yield
    finally:
        done.set()
        if waiting.ident is not None:
            signal.pthread_kill(waiting.ident, OVER)
        waiting.join()
        # What is started later must not inherit that it cannot be told to end.
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(stopping: Event, done: Event) -> None:
    """Hear signals until it is over; the thread ends by `OVER` alone, or there would be nobody to send that to."""
    told = False
    while (number := signal.sigwait({*NUMBERS, OVER})) != OVER or not done.is_set():
        if number in NUMBERS and not done.is_set():
            if told:
                os._exit(KILLED + number)
            told = True
            stopping.set()
