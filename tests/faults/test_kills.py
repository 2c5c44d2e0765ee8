"""Every job of guardian is killed at boundaries drawn by lot, hundreds of times, and then lets all be as it should."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.faults.conftest import Told
from tests.scenario.boundaries import JOBS
from tests.scenario.conftest import (  # noqa: F401 - instead of the hundred accounts of the other modules
    Installation,
    cast,
    governed,
    installation,
    server,
    slack_server,
)
from tests.scenario.kills import Trials, workshop

POINTS, ROUNDS = 210, 7
"""So many kills, looked at after each of so many rounds."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(4 * 3600)]


@pytest.fixture
def trials(governed: Installation, dice: Random) -> Iterator[Trials]:  # noqa: F811 - a fixture
    governed.cast.aws.post("/localaws/trail", {"logging": False})
    with workshop(governed) as made:
        yield Trials(made, dice)


def test_two_hundred_kills_lose_nothing_and_do_nothing_twice(
    trials: Trials, dice: Random, tell: Told
) -> None:
    trials.measure()
    tell(f"boundaries: {trials.boundaries}")
    for _ in range(ROUNDS):
        for job in dice.choices([*JOBS], k=POINTS // ROUNDS):
            tell(trials.kill(job))
        trials.check()
        tell(f"all is well after {trials.killed} kills")
    assert trials.killed >= POINTS * 0.95
