"""An uninstallation leaves accounts alone in which nothing can be done."""

import pytest

from guardian.demo.cast import HOME
from tests.scenario.conftest import Installation, policies_in

pytestmark = pytest.mark.slow


def test_stacks_in_a_suspended_account_stay_and_are_told(governed: Installation) -> None:
    cast = governed.cast
    ben = cast.accounts["ben"]
    cast.estate.client("organizations", HOME).close_account(AccountId=ben)
    run = governed.run("uninstall", "--yes")
    assert run.code == 0
    assert "2 stacks stay in accounts that are not active" in run.out
    assert governed.deployed() == {"guardian-sandbox": {ben}, "guardian-access": {ben}}
    assert policies_in(cast, "ana") == set()
