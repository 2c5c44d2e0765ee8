"""Whatever the daemon is at when it is told to stop, it has ended after 25 seconds, and all is well."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.scenario.conftest import Installation, eventually
from tests.scenario.daemons import free_lease
from tests.scenario.delays import at_full_speed, slow_down, slowed_down

WITHIN = 25.0  # seconds
LOADED = 10.0  # more of them, on a machine that does much else

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _nothing_stays_slow(installation: Installation) -> Iterator[None]:
    yield
    at_full_speed(installation)


def stop(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Tell it to stop; answers what it has logged since it was started."""
    began = time.monotonic()
    process.terminate()
    _, said = process.communicate(timeout=WITHIN + LOADED)
    sys.stderr.write(said)  # pytest shows it when a test fails
    assert process.returncode == 0
    assert time.monotonic() - began < WITHIN + LOADED
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def events(log: list[dict[str, Any]]) -> list[str]:
    return [str(entry["event"]) for entry in log]


def test_in_the_middle_of_an_operation_it_leaves_it_to_run_alone(
    installation: Installation,
) -> None:
    # Whatever ran before: there is much to roll out.
    assert installation.run("uninstall", "--yes").code == 0
    assert installation.run("resume").code == 0
    slow_down(installation, "cloudformation", "DescribeStackSetOperation", times=100)
    with installation.start("run") as process:
        eventually(lambda: slowed_down(installation), within=30)
        log = stop(process)
    (applied,) = [entry for entry in log if entry["event"] == "applied"]
    assert applied["waiting"] > 0
    assert events(log)[-2:] == ["stopped", "lease_released"]


def test_a_second_signal_ends_it_at_once(installation: Installation) -> None:
    slow_down(installation, "sqs", "ReceiveMessage", seconds=5, times=2)
    with installation.start("run") as process:
        eventually(lambda: slowed_down(installation), within=30)
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)  # it finishes what it is at
        process.terminate()
        assert process.wait(2) == 128 + signal.SIGTERM
        process.communicate()
    free_lease(installation)


def test_in_the_middle_of_a_sweep_it_stops_at_the_next_account(
    installation: Installation,
) -> None:
    installation.apply()
    before = installation.deployed()
    slow_down(installation, "glue", "ListSessions", times=1000)
    with installation.start("run") as process:
        eventually(lambda: slowed_down(installation), within=30)
        log = stop(process)
    assert "swept" in events(log)
    assert events(log)[-2:] == ["stopped", "lease_released"]
    assert not [entry for entry in log if entry["level"] in {"warning", "error"}]
    assert installation.deployed() == before


def test_a_call_that_hangs_is_abandoned(installation: Installation) -> None:
    slow_down(installation, "cloudformation", "ListStackSets", seconds=40)
    with installation.start("run") as process:
        eventually(lambda: slowed_down(installation), within=30)
        log = stop(process)
    (abandoned,) = [entry for entry in log if entry["event"] == "abandoned"]
    assert "reconcile" in abandoned["jobs"]
