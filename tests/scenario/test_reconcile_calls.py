"""A reconcile that finds nothing to do asks AWS for little: as many calls as the documentation says."""

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest

import pytest

from guardian.demo.cast import AWAY, HOME, Cast
from guardian.demo.servers import LocalAwsProcess
from guardian.jobs.reconcile import plan_once
from guardian.localslack import LocalSlack
from tests.scenario import rollouts
from tests.scenario.conftest import Installation, calls, forget_calls

pytestmark = pytest.mark.slow
ACCOUNTS = 40
REGIONS = (HOME, AWAY)
PER_STACK_SET = 10


@pytest.fixture(scope="module")
def cast(server: LocalAwsProcess) -> Iterator[Cast]:
    yield rollouts.organization(server, ACCOUNTS)
    server.post("/moto-api/reset", None)


@pytest.fixture(scope="module")
def installation(
    cast: Cast, slack_server: LocalSlack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    directory = tmp_path_factory.mktemp("calls") / "config"
    with rollouts.governing(cast, slack_server, directory, REGIONS) as made:
        yield made


def asked(installation: Installation) -> Counter[str]:
    """The calls of one reconcile that finds nothing to do, as local AWS counted them, by service."""
    guardian = installation.open()
    forget_calls(installation.cast.aws)
    world = guardian.world()
    made = plan_once(
        guardian.fleet(world.organization),
        world.governance,
        world.organization,
        guardian.brakes,
        guardian.now(),
        probing=False,
    )
    assert made.plan.changes == ()
    found: Counter[str] = Counter()
    for call in calls(installation.cast.aws):
        found[call["service"]] += call["count"]
    return found


@pytest.mark.parametrize(
    "ous", [["/"], [f"/{team}" for team in rollouts.TEAMS]], ids=["one policy", "three"]
)
def test_a_reconcile_with_nothing_to_do_makes_few_calls_and_none_in_an_account(
    installation: Installation, ous: list[str]
) -> None:
    for team, ou in zip_longest(rollouts.TEAMS, ous):
        text = rollouts.policy(team, "1h", REGIONS).replace(f"ou: /{team}", f"ou: {ou}")
        installation.write(**{team: text if ou else ""})
    assert installation.apply().failed == ()
    assert len(installation.deployed()) == 1 + len(ous)
    found = asked(installation)
    instances = ACCOUNTS + ACCOUNTS * len(REGIONS)  # the member role is in one region
    most = ACCOUNTS / 20 + instances / 100 + PER_STACK_SET * (1 + len(ous))
    assert found.keys() == {"cloudformation", "organizations"}
    assert found.total() <= most, found
