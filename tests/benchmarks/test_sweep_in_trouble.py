"""`guardian sweep` in an organization in which much goes wrong, as the server saw it: who called, what was stopped."""

import json
from pathlib import Path

import pytest

from benchmarks.backend.process import Recorded, RunningBackend
from benchmarks.backend.seed import Faults, Seed
from benchmarks.sweepers import guardian
from benchmarks.sweepers.measured import measured

# Half of the errors come after the call has done its work.
FAULTS = Faults(throttles=0.15, errors=0.08, denied=3)
ACCOUNTS = 40

pytestmark = pytest.mark.slow


def swept(backend: RunningBackend, seed: Seed, directory: Path) -> tuple[Recorded, set[str]]:
    """What the server saw of a sweep, and the accounts that the sweep itself told to be in trouble."""
    seeded = backend.seed(seed)
    ended = measured(guardian.command(seeded, seed, directory))
    recorded = backend.record()
    told = json.loads(ended.said)
    assert ended.code == (1 if seeded.denied else 0)
    assert len(told["outcomes"]) == recorded.stopped
    assert {thing["account"] for thing in recorded.missed} == set(seeded.denied)
    return recorded, {trouble["account"] for trouble in told["troubles"]} - set(seeded.denied)


@pytest.mark.parametrize("faults", [Faults(), FAULTS], ids=["no faults", "faults"])
def test_every_account_that_lets_guardian_in_is_swept_with_its_own_credentials_and_nothing_stopped_twice(
    backend: RunningBackend, tmp_path: Path, faults: Faults
) -> None:
    seed = Seed(accounts=ACCOUNTS, faults=faults)
    recorded, in_trouble = swept(backend, seed, tmp_path)
    assert recorded.accounts == ACCOUNTS
    assert recorded.stopped == ACCOUNTS - faults.denied
    assert (recorded.mixed_up, recorded.unknown) == (0, {})
    assert (recorded.stopped_again, recorded.stopped_wrongly) == ([], [])
    assert in_trouble == set()
