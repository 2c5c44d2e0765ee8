"""The faults that the backend of the benchmarks makes on request."""

from collections.abc import Callable
from functools import partial

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from benchmarks.backend.seed import Faults, Seed
from tests.benchmarks.conftest import Seeding, World


def fate(call: Callable[[], object]) -> str:
    """How a call ended."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except ReadTimeoutError:
        return "timeout"
    return "ok"


def fates(world: World, account: str, times: int = 60) -> list[str]:
    client = world.assume(account).client("sagemaker")
    return [fate(client.list_apps) for _ in range(times)]


def test_the_same_seed_is_the_same_faults(seeded: Seeding) -> None:
    client = seeded(Seed(accounts=1)).assume(Seed().account_ids[0]).client("sagemaker")
    told = []
    for number in (4, 4, 5):
        seeded(Seed(accounts=1, faults=Faults(throttles=0.3, errors=0.2, seed=number)))
        told.append([fate(client.list_apps) for _ in range(60)])
    assert told[0] == told[1] != told[2]
    assert set(told[0]) == {"ok", "ThrottlingException", "InternalFailure"}


def test_faults_come_as_often_as_the_seed_says(seeded: Seeding) -> None:
    world = seeded(Seed(accounts=1))
    session = world.assume(world.accounts[0])
    world = seeded(Seed(accounts=1, faults=Faults(throttles=0.2, errors=0.1)))
    client = session.client("sagemaker")
    told = [fate(client.list_apps) for _ in range(400)]
    assert 0.1 < told.count("ThrottlingException") / len(told) < 0.3
    assert 0.04 < told.count("InternalFailure") / len(told) < 0.16
    assert sum(world.backend.record().faults.values()) == len(told) - told.count("ok")


def test_a_lost_answer_may_have_done_its_work(seeded: Seeding) -> None:
    """Every second call that answers 500 has stopped what it was to stop; the second attempt is no second stop."""
    world = seeded(Seed(accounts=1))
    client = world.assume(world.accounts[0]).client("sagemaker")
    seeded(Seed(accounts=1, things={"sagemaker-notebook": 40}, faults=Faults(errors=1.0)))
    calls = [
        partial(client.stop_notebook_instance, NotebookInstanceName=f"nb-{account}-{number}")
        for account in world.accounts
        for number in range(40)
    ]
    told = {fate(call) for call in calls}
    stopped = world.backend.record().stopped
    told |= {fate(call) for call in calls}
    record = world.backend.record()
    assert told == {"InternalFailure"}
    assert 5 < stopped < 35
    assert record.stopped > stopped
    assert record.stopped_again == []


def test_a_hanging_account_never_answers_and_its_neighbour_does(seeded: Seeding) -> None:
    world = seeded(Seed(accounts=10, faults=Faults(hanging=1)))
    (hanging,) = world.seeded.hanging
    neighbour = next(account for account in world.accounts if account != hanging)
    assert fates(world, hanging, 1) == ["timeout"]
    assert fates(world, neighbour, 1) == ["ok"]


def test_timeouts_are_not_answered(seeded: Seeding) -> None:
    world = seeded(Seed(accounts=1))
    client = world.assume(world.accounts[0]).client("sagemaker")
    seeded(Seed(accounts=1, faults=Faults(timeouts=1.0)))
    assert fate(client.list_apps) == "timeout"


def test_the_hubs_own_calls_meet_no_faults(seeded: Seeding) -> None:
    world = seeded(Seed(accounts=1, faults=Faults(throttles=1.0)))
    assert world.hub.client("organizations").list_roots()["Roots"]
    assert fate(lambda: world.assume(world.accounts[0])) == "Throttling"


def test_a_seed_with_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="no such settings: acounts"):
        Seed.read({"acounts": 3})
