"""Guardian's real adapters, against a local AWS."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any, Protocol

import pytest

from guardian.aws.connect import Aws, connect
from guardian.aws.operations import Wait
from guardian.aws.options import AwsOptions
from guardian.clock import system_now
from guardian.errors import NotFound
from guardian.ids import AccountId, OuId, Region, Target
from guardian.journal import Tables
from guardian.ports.table import Key
from tests.contract.journals import Hand, Place, make_table
from tests.localaws.conftest import (
    Aws as Boto,
)
from tests.localaws.conftest import (  # noqa: F401 - fixtures
    HttpCall,
    aws,
    endpoint,
    eventually,
    http,
    local_aws,
    new_account,
)

HOME = Region("eu-west-1")
HUB = AccountId("123456789012")


class Connect(Protocol):
    """Guardian's adapters, with a fast poll and these other options."""

    def __call__(self, wait: Wait | None = ..., **changed: Any) -> Aws: ...


def surroundings(endpoint: str, folder: Path) -> dict[str, str]:  # noqa: F811 - fixture
    """The environment of a guardian that has local AWS and nothing of the machine's own."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def connected(
    endpoint: str,  # noqa: F811 - fixture
    http: HttpCall,  # noqa: F811 - fixture
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Connect]:
    """Connects in an environment that has nothing of the machine's own; local AWS forgets everything after."""
    for name, value in surroundings(endpoint, tmp_path).items():
        monkeypatch.setenv(name, value)

    def connect_fast(wait: Wait | None = None, **changed: Any) -> Aws:
        fast = {"home_region": HOME, "poll": timedelta(seconds=0.02), **changed}
        return connect(AwsOptions(**fast), system_now, wait or Event().wait)

    yield connect_fast
    http("POST", "/moto-api/reset")


@pytest.fixture
def guardian(connected: Connect) -> Aws:
    return connected()


def in_member(account: str, region: str = HOME) -> Target:
    return Target(AccountId(account), Region(region))


def let_guardian_in(boto: Boto, account: str) -> None:
    """Give an account the member role, as the access stack does."""
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
        "Action": "sts:AssumeRole",
    }
    boto("iam", account=account).create_role(
        RoleName="guardian-member",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )


@pytest.fixture
def governed(aws: Boto) -> Callable[[str], str]:  # noqa: F811 - fixture
    """Creates an account that guardian may enter; answers its id."""

    def create(name: str) -> str:
        account = new_account(aws, name)
        let_guardian_in(aws, account)
        return account

    return create


@pytest.fixture
def member(governed: Callable[[str], str]) -> str:
    return governed("member")


def root_of(boto: Boto) -> OuId:
    return OuId(boto("organizations").list_roots()["Roots"][0]["Id"])


def new_ou(boto: Boto, name: str, parent: OuId | None = None) -> OuId:
    made = boto("organizations").create_organizational_unit(
        ParentId=parent or root_of(boto), Name=name
    )
    return OuId(made["OrganizationalUnit"]["Id"])


def move(boto: Boto, account: str, ou: OuId) -> None:
    organizations = boto("organizations")
    parent = organizations.list_parents(ChildId=account)["Parents"][0]["Id"]
    organizations.move_account(AccountId=account, SourceParentId=parent, DestinationParentId=ou)


def ask_for_fault(http: HttpCall, service: str, **more: Any) -> None:  # noqa: F811 - fixture
    """Make the next calls of a service fail; `guardian.localaws.faults` names the keys."""
    http("POST", "/localaws/faults", {"service": service, **more})


@pytest.fixture(scope="session")
def tables(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Tables:  # noqa: F811 - fixture
    """The tables of local AWS, through guardian's adapter; a test that wants one makes it itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in surroundings(endpoint, tmp_path_factory.mktemp("none")).items():
            patch.setenv(name, value)
        made = connect(AwsOptions(home_region=HOME, hub_account=HUB), system_now, Event().wait)
        for table in (made.table("none-yet"), made.table("none-yet").hasty()):
            with pytest.raises(NotFound):
                table.get(Key("makes", "the client"))  # which keeps to this environment
    return made.table


@pytest.fixture(params=["sqlite", pytest.param("dynamodb", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """The place of a journal of every kind."""
    if request.param == "sqlite":
        return Place(f"sqlite:///{tmp_path}/journal.sqlite", Hand())
    url = make_table(request.getfixturevalue("endpoint"))
    return Place(url, Hand(), request.getfixturevalue("tables"))
