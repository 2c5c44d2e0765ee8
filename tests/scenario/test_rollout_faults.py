"""A rollout is killed or throttled in the middle: the next one finishes it and does nothing twice."""

from collections import Counter
from collections.abc import Iterator

import pytest

from guardian.demo.cast import HOME, Cast
from guardian.demo.servers import LocalAwsProcess
from guardian.localslack import LocalSlack
from tests.scenario import rollouts
from tests.scenario.conftest import Installation, calls, eventually, forget_calls

pytestmark = pytest.mark.slow
ACCOUNTS = 12
MADE = frozenset({"CreateStackSet", "CreateStackInstances"})


@pytest.fixture(scope="module")
def cast(server: LocalAwsProcess) -> Iterator[Cast]:
    yield rollouts.organization(server, ACCOUNTS)
    server.post("/moto-api/reset", None)


@pytest.fixture(scope="module")
def installation(
    cast: Cast, slack_server: LocalSlack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    directory = tmp_path_factory.mktemp("faults") / "config"
    with rollouts.governing(cast, slack_server, directory, [HOME]) as made:
        yield made


@pytest.fixture(autouse=True)
def _every_team_has_its_policy(installation: Installation) -> None:
    installation.write(**{team: rollouts.policy(team, "1h", [HOME]) for team in rollouts.TEAMS})


def asked(cast: Cast) -> Counter[str]:
    """How often CloudFormation was asked to make something."""
    found: Counter[str] = Counter()
    for call in calls(cast.aws):
        if call["operation"] in MADE:
            found[call["operation"]] += call["count"]
    return found


def everyone(cast: Cast) -> dict[str, set[str]]:
    """Who is governed by whom when nothing is left to do."""
    by_turns = list(cast.accounts.values())
    teams = {f"guardian-{t}": set(by_turns[n::3]) for n, t in enumerate(rollouts.TEAMS)}
    return {"guardian-access": set(by_turns), **teams}


def done(cast: Cast) -> int:
    """How many operations AWS has been asked for."""
    return len(rollouts.operations(cast))


def stack_sets(cast: Cast) -> int:
    found = cast.estate.client("cloudformation", HOME).list_stack_sets(Status="ACTIVE")
    return len(found["Summaries"])


def test_a_rollout_that_is_killed_again_and_again_is_finished_and_nothing_is_made_twice(
    installation: Installation,
) -> None:
    cast = installation.cast
    rollouts.emptied(installation)
    forget_calls(cast.aws)
    rollouts.killed_at(installation, "CreateStackSet")
    eventually(lambda: stack_sets(cast) == 1)
    rollouts.killed_at(installation, "CreateStackInstances")
    eventually(lambda: done(cast) == 1)
    rollouts.killed_at(installation, "ListStackSetOperationResults")
    assert rollouts.unusual(rollouts.converged(installation)) == []
    assert installation.deployed() == everyone(cast)
    assert asked(cast) == {name: len(everyone(cast)) for name in MADE}
    assert rollouts.done_twice(rollouts.operations(cast)) == []


def test_a_changed_policy_comes_everywhere_though_its_rollout_is_killed(
    installation: Installation,
) -> None:
    cast = installation.cast
    rollouts.converged(installation)
    installation.write(alpha=rollouts.policy("alpha", "2h", [HOME]))
    before = done(cast)
    rollouts.killed_at(installation, "UpdateStackSet")
    eventually(lambda: done(cast) == before + 1)
    assert rollouts.unusual(rollouts.converged(installation)) == []
    assert done(cast) == before + 1


def test_a_rollout_of_which_every_fifth_call_is_throttled_comes_to_its_end(
    installation: Installation,
) -> None:
    cast = installation.cast
    rollouts.converged(installation)
    installation.write(beta=rollouts.policy("beta", "2h", [HOME]), gamma="")
    rollouts.throttle(installation, "cloudformation", "organizations", "events")
    try:
        rollouts.converged(installation)
        assert rollouts.refused_calls(installation) > ACCOUNTS
    finally:
        rollouts.forget_faults(installation)
    assert installation.deployed().keys() == everyone(cast).keys() - {"guardian-gamma"}
    assert rollouts.done_twice(rollouts.operations(cast)) == []


def test_what_failed_in_one_account_is_tried_again_there_and_nowhere_else(
    installation: Installation,
) -> None:
    cast = installation.cast
    rollouts.converged(installation)
    before = done(cast)
    victim = cast.accounts["account-000"]
    cast.aws.post("/localaws/stacksets/faults", {"account": victim, "reason": "denied"})
    installation.write(alpha=rollouts.policy("alpha", "3h", [HOME]))
    assert installation.run("apply", "--yes").code == 1
    cast.aws.post("/localaws/stacksets/faults", {"account": victim, "reason": None})
    rollouts.converged(installation)
    update, again = rollouts.operations(cast)[before:]
    assert len(update.succeeded) == ACCOUNTS // 3 - 1
    assert again.succeeded == {(victim, HOME)}
