"""What an uninstallation does, in which order, and what waits for what."""

import pytest

from guardian.errors import Busy
from guardian.ids import AccountId, Target
from guardian.jobs.uninstall import removal, uninstall_once
from guardian.organization import AccountState
from guardian.plan import Action, Plan
from tests.unit.conftest import Book
from tests.unit.fleets import ACCOUNTS, SLUGS, organization
from tests.unit.installations import Installation
from tests.unit.judging import NOW
from tests.unit.policies import IRELAND

ONE, TWO, THREE, *_ = ACCOUNTS
GOVERNED = {ONE: SLUGS[0], TWO: SLUGS[1], THREE: SLUGS[1]}
DELETES = [Action.DELETE_INSTANCE, Action.DELETE_STACK_SET]


@pytest.fixture
def installed(journal: Book) -> Installation:
    made = Installation(journal)
    assert made.apply(GOVERNED).failed == ()
    return made


def removal_of(installed: Installation, **states: AccountState) -> Plan:
    there = {AccountId(account): state for account, state in states.items()}
    return removal(installed.rollout.observe(), organization(there))


def uninstall(installed: Installation, **states: AccountState) -> tuple[set[str], set[str]]:
    """The stack sets whose changes failed, and those that wait."""
    made, journal = removal_of(installed, **states), installed.journal
    applied = uninstall_once(installed.fleet, made, journal, lambda *_: None, NOW)
    failed, waiting = ({c.stack_set for c, _ in cs} for cs in (applied.failed, applied.waiting))
    return failed, waiting


def test_policies_go_before_the_access_each_with_its_instances_first(
    installed: Installation,
) -> None:
    changes = removal_of(installed).changes
    steps = list(dict.fromkeys((change.stack_set, change.action) for change in changes))
    sets = ["guardian-alpha", "guardian-beta", "guardian-access"]
    assert steps == [(name, action) for name in sets for action in DELETES]
    assert uninstall(installed) == (set(), set())
    assert installed.rollout.sets == {}


def test_where_nothing_is_deployed_there_is_nothing_to_do() -> None:
    assert removal((), organization()) == Plan((), ())


def test_an_account_that_is_not_active_is_left_alone_with_the_stack_sets_it_is_in(
    installed: Installation,
) -> None:
    suspended = {TWO: AccountState.SUSPENDED}
    made = removal_of(installed, **suspended)
    assert {skip.account for skip in made.skips} == {TWO}
    assert {s for s in made.skips if "guardian-access" in s.reason}
    assert uninstall(installed, **suspended) == (set(), set())
    left = {
        name: {i.target.account for i in s.instances} for name, s in installed.rollout.sets.items()
    }
    assert left == {"guardian-access": {TWO}, "guardian-beta": {TWO}}


def test_the_access_stays_where_a_policys_stack_could_not_be_deleted(
    installed: Installation,
) -> None:
    installed.rollout.failing[THREE] = "the stack is in use"
    failed, waiting = uninstall(installed)
    assert failed == {"guardian-beta"}
    assert waiting == {"guardian-beta", "guardian-access"}
    assert installed.instances("guardian-access") == {Target(THREE, IRELAND)}
    del installed.rollout.failing[THREE]
    assert uninstall(installed) == (set(), set())
    assert installed.rollout.sets == {}


def test_a_busy_stack_set_waits_and_the_others_go(installed: Installation) -> None:
    installed.rollout.errors["guardian-alpha"] = Busy("an operation runs")
    failed, waiting = uninstall(installed)
    assert (failed, waiting) == (set(), {"guardian-alpha", "guardian-access"})
    assert "guardian-beta" not in installed.rollout.sets
