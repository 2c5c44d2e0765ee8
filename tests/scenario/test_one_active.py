"""Of two daemons on one journal one acts. The other takes over, and who was paused meanwhile does nothing any more."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from guardian.daemon.tenure import Tenure
from guardian.outcome import Result
from tests.scenario.conftest import Installation, calls, eventually, forget_calls
from tests.scenario.daemons import Running, begun, free_lease
from tests.scenario.delays import at_full_speed, slow_down, slowed_down

TAKES_OVER = 30.0  # seconds
LOADED = 30.0  # more of them, on a machine that does much else
LOST = 6

pytestmark = pytest.mark.slow


@contextmanager
def leading(installation: Installation) -> Iterator[Running]:
    """A daemon that acts."""
    with begun(installation) as made:
        eventually(lambda: made.told("swept"), within=60)
        yield made


@pytest.fixture(autouse=True)
def _the_next_begins_at_once(governed: Installation) -> Iterator[None]:
    yield
    at_full_speed(governed)
    free_lease(governed)


def test_the_second_waits_and_takes_over_at_once_when_the_first_is_told_to_stop(
    governed: Installation,
) -> None:
    with leading(governed) as first, begun(governed) as second:
        eventually(lambda: second.told("standby"), within=30)
        assert second.get("/healthz") == (200, "alive\n")
        status, reason = second.get("/readyz")
        assert status == 503
        assert reason.startswith("standby: ")
        assert reason.endswith(f":{first.process.pid} holds the lease\n")
        assert "standby" in second.get("/")[1]
        assert second.metric("guardian_lease_held") == 0
        assert first.metric("guardian_lease_held") == 1
        assert first.metric("guardian_lease_renewal_age_seconds") < LOADED
        assert f":{first.process.pid} has the lease" in governed.run("status").out
        assert second.told("planned") == []

        first.process.terminate()
        assert first.process.wait(60) == 0
        assert first.told("lease_released")
        eventually(lambda: second.told("swept"), within=60)
        assert second.metric("guardian_lease_held") == 1

        second.process.kill()
        killed = time.monotonic()
        assert Tenure().wait(governed.open().journal, Event())
        assert 10 < time.monotonic() - killed < TAKES_OVER + LOADED


def test_who_was_paused_meanwhile_does_nothing_and_ends(governed: Installation) -> None:
    cast = governed.cast
    with leading(governed) as first, begun(governed) as second:
        eventually(lambda: second.told("standby"), within=30)
        slow_down(governed, "glue", "ListSessions", seconds=3, times=2)
        session = cast.person("ana", "ana").open_glue_session("forgotten")
        eventually(lambda: slowed_down(governed), within=30)
        first.process.send_signal(signal.SIGSTOP)  # in the middle of a sweep

        eventually(lambda: second.told("swept"), within=TAKES_OVER + LOADED)
        results = eventually(
            lambda: [o.result for o in governed.outcomes() if o.id == session], within=30
        )
        second.process.terminate()
        assert second.process.wait(60) == 0
        forget_calls(cast.aws)
        before, findings = governed.outcomes(), governed.findings()

        first.process.send_signal(signal.SIGCONT)
        assert first.process.wait(15) == LOST
        assert first.told("superseded")
        assert calls(cast.aws) == []
        assert (governed.outcomes(), governed.findings()) == (before, findings)
        assert results == [Result.STOPPED]
