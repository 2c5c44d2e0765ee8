"""Which regions accounts have enabled, and what becomes of accounts that AWS says nothing of."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from guardian.aws.connect import Aws
from guardian.errors import Unavailable
from guardian.ids import AccountId, Region
from guardian.organization import ENABLED_BY_DEFAULT
from tests.contract.conftest import HUB, ask_for_fault
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import Eventually, HttpCall, new_account

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPAIN = Region("eu-south-2")


@pytest.fixture
def member(aws: Boto) -> AccountId:
    account = AccountId(new_account(aws, "member"))
    trust_account_management(aws)
    return account


def trust_account_management(boto: Boto) -> None:
    boto("organizations").enable_aws_service_access(ServicePrincipal="account.amazonaws.com")


def enable(boto: Boto, eventually: Eventually, account: AccountId, region: Region) -> None:
    api, which = boto("account"), {"AccountId": account, "RegionName": region}
    api.enable_region(**which)
    eventually(lambda: api.get_region_opt_status(**which)["RegionOptStatus"] == "ENABLED")


def test_an_account_has_the_regions_of_every_account_until_it_enables_more(
    guardian: Aws, aws: Boto, member: AccountId, eventually: Eventually
) -> None:
    other = AccountId(new_account(aws, "other"))
    enable(aws, eventually, member, SPAIN)
    told = guardian.regions.enabled([member, other], NOON)
    assert told.known == {member: ENABLED_BY_DEFAULT | {SPAIN}, other: ENABLED_BY_DEFAULT}
    assert told.refused == {}


@pytest.mark.usefixtures("member")
def test_a_region_that_is_being_enabled_does_not_count_yet(
    guardian: Aws, aws: Boto, eventually: Eventually
) -> None:
    names = (AccountId(new_account(aws, f"one-{n}")) for n in count())
    told = eventually(lambda: told_while_enabling(guardian, aws, next(names)))
    assert list(told.values()) == [ENABLED_BY_DEFAULT]


def told_while_enabling(
    guardian: Aws, boto: Boto, account: AccountId
) -> Mapping[AccountId, frozenset[Region]]:
    """What guardian told of an account while a region was being enabled; nothing where it came too late to say."""
    api, which = boto("account"), {"AccountId": account, "RegionName": SPAIN}
    api.enable_region(**which)
    told = guardian.regions.enabled([account], NOON).known
    return told if api.get_region_opt_status(**which)["RegionOptStatus"] == "ENABLING" else {}


def test_guardians_own_account_can_be_asked_of_too(guardian: Aws, member: AccountId) -> None:
    assert guardian.regions.enabled([HUB, member], NOON).known.keys() == {HUB, member}


def test_an_answer_holds_for_a_day(
    guardian: Aws, aws: Boto, member: AccountId, eventually: Eventually
) -> None:
    guardian.regions.enabled([member], NOON)
    enable(aws, eventually, member, SPAIN)
    later = NOON + timedelta(hours=23)
    assert SPAIN not in guardian.regions.enabled([member], later).known[member]
    later += timedelta(hours=1)
    assert SPAIN in guardian.regions.enabled([member], later).known[member]


def test_without_trusted_access_an_account_is_left_out_with_the_reason(
    guardian: Aws, aws: Boto
) -> None:
    account = AccountId(new_account(aws, "member"))
    told = guardian.regions.enabled([account], NOON)
    assert told.known == {}
    assert "must first enable trusted access" in told.refused[account]
    trust_account_management(aws)
    assert guardian.regions.enabled([account], NOON).refused == {}


def test_a_region_once_known_is_not_forgotten_for_a_refusal(
    guardian: Aws, aws: Boto, member: AccountId, eventually: Eventually, http: HttpCall
) -> None:
    enable(aws, eventually, member, SPAIN)
    guardian.regions.enabled([member], NOON)
    ask_for_fault(http, "account", error="AccessDeniedException", times=1)
    told = guardian.regions.enabled([member], NOON + timedelta(days=2))
    assert SPAIN in told.known[member]
    assert "AccessDenied" in told.refused[member]


def test_nothing_is_taken_for_known_while_aws_does_not_answer(
    guardian: Aws, member: AccountId, http: HttpCall
) -> None:
    ask_for_fault(http, "account", error="ServiceUnavailableException", status=503, times=9)
    with pytest.raises(Unavailable, match=f"account:ListRegions in {HUB}"):
        guardian.regions.enabled([member], NOON)


def test_more_accounts_than_are_asked_at_once(guardian: Aws, aws: Boto, member: AccountId) -> None:
    accounts = {member, *(AccountId(new_account(aws, f"account-{n}")) for n in range(9))}
    assert guardian.regions.enabled(accounts, NOON).known.keys() == accounts
