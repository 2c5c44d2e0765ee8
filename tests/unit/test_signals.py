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
