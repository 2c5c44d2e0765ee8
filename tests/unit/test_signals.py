"""Signals wait for a thread of their own, and nothing of that is left behind. That they stop: test_daemon_stopping."""

import signal
import subprocess
import sys
from threading import Event

from guardian.daemon.signals import on_signals


def test_what_is_started_afterwards_can_be_told_to_end() -> None:
    stopping = Event()
    with on_signals(stopping):
        pass
    assert not stopping.is_set()
    asleep = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    with subprocess.Popen(asleep, stdout=subprocess.PIPE) as child:  # noqa: S603  our own
        assert child.stdout is not None
        child.stdout.readline()
        child.terminate()
        assert child.wait(15) == -signal.SIGTERM


def test_a_stray_signal_of_those_that_end_the_waiting_does_not_end_it() -> None:
    stray = """
import os, signal
from threading import Event
from guardian.daemon.signals import on_signals
stopping = Event()
with on_signals(stopping):
    os.kill(os.getpid(), signal.SIGUSR1)
    print(stopping.wait(0.2))
    os.kill(os.getpid(), signal.SIGTERM)
    print(stopping.wait(15))
"""
    # In a process of its own: a signal is sent to any thread that does not block it, and pytest may have some.
    ended = subprocess.run(  # noqa: S603  our own
        [sys.executable, "-c", stray], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "False\nTrue\n")
