"""A sample of what `make faults` does: jobs are killed at boundaries drawn by lot, and lose and double nothing."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.scenario.boundaries import JOBS
from tests.scenario.conftest import Installation
from tests.scenario.kills import Trials, workshop

POINTS = 20
SEED = 20261129

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def trials(governed: Installation) -> Iterator[Trials]:
    governed.cast.aws.post(
        "/localaws/trail", {"logging": False}
    )  # no event: all is left to the sweep
    with workshop(governed) as made:
        yield Trials(made, Random(SEED))  # noqa: S311 - no secret


def test_jobs_that_are_killed_anywhere_lose_nothing_and_do_nothing_twice(trials: Trials) -> None:
    jobs = [*JOBS] * (POINTS // len(JOBS) + 1)
    for job in jobs[:POINTS]:
        print(trials.kill(job))  # noqa: T201 - what pytest shows of a failure
    assert trials.killed >= POINTS * 3 // 4
    trials.check()
