"""Accounts move, policies go, accounts close: what is deployed follows, and nobody is governed twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from guardian.demo.cast import HOME, RESEARCH, SANDBOX, Cast
from guardian.plan import Action
from tests.scenario.conftest import BOTH, RESEARCH_POLICY, Installation, policies_in

pytestmark = pytest.mark.slow


@contextmanager
def moved(cast: Cast, who: str, source: str, destination: str) -> Iterator[None]:
    """Somebody's account is elsewhere for a while."""
    cast.move(who, source, destination)
    try:
        yield
    finally:
        cast.move(who, destination, source)


@pytest.fixture
def settled(governed: Installation) -> Iterator[Installation]:
    """Everything is rolled out, and will be again whatever a test did."""
    yield governed
    assert governed.apply().failed == ()


def test_an_account_that_moves_changes_policy_and_is_never_governed_twice(
    settled: Installation,
) -> None:
    cast, seen = settled.cast, list[set[str]]()
    with moved(cast, "ben", SANDBOX, RESEARCH):
        applied = settled.apply(lambda *_: seen.append(policies_in(cast, "ben")))
        assert applied.failed == ()
        assert policies_in(cast, "ben") == {"guardian-research"}
    assert len(seen) > 1
    assert BOTH not in seen


def test_an_account_that_cannot_leave_its_policy_is_not_given_another(
    settled: Installation,
) -> None:
    cast = settled.cast
    busy = {"service": "cloudformation", "operation": "DeleteStackInstances"}
    with moved(cast, "ben", SANDBOX, RESEARCH):
        cast.aws.post("/localaws/faults", {**busy, "error": "OperationInProgressException"})
        waiting = {change.action: why for change, why in settled.apply().waiting}
        assert waiting.keys() == {Action.DELETE_INSTANCE, Action.CREATE_INSTANCE}
        assert "its former stack is still there" in waiting[Action.CREATE_INSTANCE]
        assert policies_in(cast, "ben") == {"guardian-sandbox"}
        assert settled.apply().failed == ()
        assert policies_in(cast, "ben") == {"guardian-research"}


def test_a_policy_that_is_removed_is_withdrawn_with_its_stack_set(settled: Installation) -> None:
    assert settled.deployed()["guardian-research"] == {settled.cast.accounts["ravi"]}
    settled.write(research="")
    try:
        assert settled.apply().failed == ()
        assert settled.deployed().keys() == {"guardian-access", "guardian-sandbox"}
        assert policies_in(settled.cast, "ravi") == set()
    finally:
        settled.write(research=RESEARCH_POLICY)


def test_a_suspended_account_is_left_alone(settled: Installation) -> None:
    cast, planned = settled.cast, settled.plan
    late = cast.estate.account("late", cast.ous[SANDBOX], cast.ous["/"], HOME)
    assert settled.apply().failed == ()
    before = settled.deployed()
    assert late in before["guardian-sandbox"]
    cast.estate.client("organizations", HOME).close_account(AccountId=late)
    assert planned().changes == ()
    reasons = {skip.reason for skip in planned().skips if skip.account == late}
    assert "the account is suspended" in reasons
    settled.apply()
    assert settled.deployed() == before


def test_an_account_suspended_from_the_start_gets_nothing(settled: Installation) -> None:
    deployed = settled.deployed()
    assert all(settled.cast.accounts["closed"] not in accounts for accounts in deployed.values())
    assert policies_of(settled) == {"ana", "ben", "ravi"}


def policies_of(settled: Installation) -> set[str]:
    governed: Callable[[str], bool] = settled.open().world().governance.policy_of.__contains__
    return {who for who, account in settled.cast.accounts.items() if governed(account)}
