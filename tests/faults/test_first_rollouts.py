"""The first rollout: undisturbed, throttled, and killed again and again."""

from random import Random

import pytest

from tests.faults.books import Books
from tests.faults.conftest import ACCOUNTS, Told, Trial
from tests.scenario import rollouts
from tests.scenario.conftest import Installation, calls

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(900)]
KILLS = 8
ROLES = ("guardian-hub", "guardian-member")
SERVICES = ("cloudformation", "organizations", "sts", "events", "stepfunctions", "iam", "sqs")
ONCE = {"CreateStackSet": 4, "CreateStackInstances": 4}
"""The member role's and those of three policies."""


@pytest.fixture
def empty(installation: Installation, tell: Told) -> Trial:
    """Nothing of guardian's is anywhere."""
    rollouts.emptied(installation)
    return Trial(installation, Books(installation.cast), tell)


def test_everything_is_rolled_out_once_and_taken_away_again(empty: Trial) -> None:
    empty.converges()
    assert empty.asked() == ONCE
    assert empty.books.written() == {}
    gone = Books(empty.cast)
    rollouts.emptied(empty.installation)
    assert gone.asked() == {"DeleteStackInstances": 4, "DeleteStackSet": 4}
    assert empty.installation.deployed() == {}


def test_a_rollout_of_which_every_fifth_call_is_throttled(empty: Trial) -> None:
    rollouts.throttle(empty.installation, *SERVICES)
    try:
        empty.converges()
        refused = rollouts.refused_calls(empty.installation)
    finally:
        rollouts.forget_faults(empty.installation)
    ours = [c for c in calls(empty.cast.aws) if c["principal"].rpartition("/")[2] in ROLES]
    share = refused / sum(c["count"] for c in ours if c["service"] in SERVICES)
    empty.tell(f"{refused} calls were throttled, {share:.0%} of all")
    assert refused > ACCOUNTS
    assert empty.asked() == ONCE


def test_a_rollout_that_is_killed_at_any_moment(empty: Trial, dice: Random) -> None:
    empty.is_killed(dice, KILLS)
    empty.converges()
    assert empty.asked() == ONCE


@pytest.mark.parametrize(
    "operation",
    [
        "CreateStackSet",
        "CreateStackInstances",
        "DescribeStackSetOperation",
        "ListStackSetOperationResults",
    ],
)
def test_a_rollout_that_is_killed_in_a_call(empty: Trial, operation: str) -> None:
    rollouts.killed_at(empty.installation, operation)
    empty.tell(f"killed before {operation} was answered")
    empty.converges()
    assert empty.asked() == ONCE
