"""What should be deployed for an organization and its policies."""

from collections import Counter

from hypothesis import given

from guardian.desire import DesiredState, Skip
from guardian.ids import OuId, Target
from guardian.organization import AccountState
from guardian.stack import names
from guardian.stack.template import fingerprint
from tests.examples import examples
from tests.unit.fleets import ACCOUNTS, SLUGS, desired, desires
from tests.unit.policies import IRELAND, VIRGINIA

ONE, TWO, THREE, *_ = ACCOUNTS
ALPHA, BETA, GAMMA = SLUGS


def targets(state: DesiredState, name: str) -> set[Target]:
    return {target for s in state.stack_sets if s.name == name for target in s.targets}


def test_an_account_gets_its_policys_stack_in_the_policys_regions() -> None:
    state = desired({ONE: ALPHA, TWO: BETA})
    assert targets(state, "guardian-alpha") == {Target(ONE, IRELAND)}
    assert targets(state, "guardian-beta") == {Target(TWO, IRELAND), Target(TWO, VIRGINIA)}


def test_every_governed_account_gets_the_member_role_in_the_home_region_first() -> None:
    state = desired({ONE: ALPHA, TWO: GAMMA})
    assert state.stack_sets[0].name == names.ACCESS
    assert targets(state, names.ACCESS) == {Target(ONE, IRELAND), Target(TWO, IRELAND)}


def test_a_policy_that_governs_nobody_makes_no_stack_set() -> None:
    assert [s.name for s in desired({ONE: BETA}).stack_sets] == [names.ACCESS, "guardian-beta"]


def test_where_nobody_is_governed_nothing_is_wanted() -> None:
    assert desired({}).stack_sets == ()


def test_an_account_that_no_policy_speaks_for_is_skipped_with_the_reason() -> None:
    state = desired({ONE: ALPHA})
    assert state.skips[0] == Skip(TWO, None, "no policy speaks for it")
    assert [skip.account for skip in state.skips] == ACCOUNTS[1:]


def test_accounts_that_are_not_active_are_frozen() -> None:
    closed = {TWO: AccountState.SUSPENDED, THREE: AccountState.PENDING_CLOSURE}
    assert desired({ONE: ALPHA}, closed).frozen == {TWO, THREE}


def test_a_stack_set_knows_the_ou_of_each_of_its_accounts() -> None:
    (_, alpha) = desired({ONE: ALPHA}).stack_sets
    assert alpha.ou_of == {ONE: OuId("ou-2")}
    assert alpha.fingerprint == fingerprint(alpha.template)


@examples(60)
@given(desires)
def test_no_place_is_wanted_by_two_policies_nor_in_a_frozen_account(state: DesiredState) -> None:
    policies = [s for s in state.stack_sets if s.name != names.ACCESS]
    wanted = Counter(target for s in policies for target in s.targets)
    assert set(wanted.values()) <= {1}
    assert not {target.account for target in wanted} & state.frozen
    assert {t.account for t in wanted} == {t.account for t in targets(state, names.ACCESS)}
    assert all(set(s.ou_of) == {t.account for t in s.targets} for s in state.stack_sets)
