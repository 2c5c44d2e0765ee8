"""Whose credentials see what in the backend of the benchmarks."""

from dataclasses import replace
from functools import partial

import pytest

from benchmarks.backend.seed import HUB, Faults, Seed
from tests.benchmarks.conftest import Seeding, World, refused


@pytest.fixture
def world(seeded: Seeding) -> World:
    return seeded(Seed(accounts=45))


def test_credentials_name_their_account(world: World) -> None:
    first, second = (world.assume(account) for account in world.accounts[:2])
    told = [each.client("sts").get_caller_identity()["Account"] for each in (first, second)]
    assert told == world.accounts[:2]
    assert world.hub.client("sts").get_caller_identity()["Account"] == HUB


def test_another_accounts_credentials_see_its_own_notebooks(world: World) -> None:
    for account in world.accounts[:2]:
        client = world.assume(account).client("sagemaker")
        found = client.list_notebook_instances()["NotebookInstances"]
        assert {each["NotebookInstanceName"][:15] for each in found} == {f"nb-{account}"}
        assert {each["NotebookInstanceArn"].split(":")[4] for each in found} == {account}
    assert world.backend.record().mixed_up == 0


def test_to_ask_for_another_accounts_notebook_is_a_mix_up_and_in_vain(world: World) -> None:
    first, second = world.accounts[:2]
    client = world.assume(first).client("sagemaker")
    arn = f"arn:aws:sagemaker:eu-west-1:{second}:notebook-instance/nb-{second}-0"
    stop = refused(lambda: client.stop_notebook_instance(NotebookInstanceName=f"nb-{second}-0"))
    tags = refused(lambda: client.list_tags(ResourceArn=arn))
    record = world.backend.record()
    assert (stop[1], tags[0]) == ("RecordNotFound", "AccessDeniedException")
    assert (record.mixed_up, record.stopped) == (2, 0)
    assert record.mixed_up_examples[0] == f"StopNotebookInstance signed by {first} names {second}"


@pytest.mark.parametrize("part", ["SecretAccessKey", "SessionToken"])
def test_credentials_of_two_accounts_are_found_out(world: World, part: str) -> None:
    first, second = (world.assume(account) for account in world.accounts[:2])
    torn = replace(first, keys={**first.keys, part: second.keys[part]})
    code, _ = refused(torn.client("sagemaker").list_apps)
    assert code in {"InvalidSignatureException", "UnrecognizedClientException"}
    assert world.backend.record().mixed_up == 1


def test_signatures_of_queries_are_verified_too(world: World) -> None:
    client = world.assume(world.accounts[0]).client("emr-serverless")
    assert client.list_applications(states=["STARTED", "STARTING"])["applications"] == []


def test_credentials_that_nobody_issued_are_refused(world: World) -> None:
    forged = replace(world.hub, keys={**world.hub.keys, "SessionToken": "anything"})
    assert refused(forged.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"


def test_only_the_hub_assumes_the_member_role_for_an_hour_at_most(world: World) -> None:
    sts = world.hub.client("sts")
    account = world.accounts[0]
    arn = f"arn:aws:iam::{account}:role/guardian-member"
    other = world.assume(account).client("sts")
    ask = {"RoleArn": arn, "RoleSessionName": "tests"}
    assert refused(lambda: other.assume_role(**ask))[0] == "AccessDenied"
    assert refused(lambda: sts.assume_role(**ask, DurationSeconds=7200))[0] == "ValidationError"
    assert refused(lambda: sts.assume_role(**{**ask, "RoleArn": arn + "x"}))[0] == "AccessDenied"


def test_denied_accounts_let_nobody_in(seeded: Seeding) -> None:
    world = seeded(Seed(accounts=20, faults=Faults(denied=3)))
    assert len(world.seeded.denied) == 3
    for account in world.seeded.denied:
        assert refused(partial(world.assume, account))[0] == "AccessDenied"
    let_in = set(world.accounts) - set(world.seeded.denied)
    world.assume(let_in.pop()).client("sagemaker").list_apps()


def test_the_organization_tells_every_account_once(world: World) -> None:
    client = world.hub.client("organizations")
    pages = [page["Accounts"] for page in client.get_paginator("list_accounts").paginate()]
    root = client.list_roots()["Roots"][0]["Id"]
    units = client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    parents = [root, *(unit["Id"] for unit in units)]
    lists = [client.list_accounts_for_parent(ParentId=parent)["Accounts"] for parent in parents]
    assert [len(page) for page in pages] == [20, 20, 6]
    assert sorted(each["Id"] for page in pages for each in page) == [*world.accounts, HUB]
    assert sorted(each["Id"] for page in lists for each in page) == [*world.accounts, HUB]


def test_members_may_not_read_the_organization(world: World) -> None:
    client = world.assume(world.accounts[0]).client("organizations")
    assert refused(client.list_accounts)[0] == "AccessDeniedException"


def test_a_call_that_is_not_known_fails_and_is_told(world: World) -> None:
    session = world.assume(world.accounts[0])
    for service, call in {
        "sagemaker": "list_models",
        "emr-serverless": "list_tags_for_resource",
        "sts": "get_session_token",
        "s3": "list_buckets",
    }.items():
        arguments = {"resourceArn": "arn:aws:emr-serverless:::x" + 60 * "x"}
        given = arguments if service == "emr-serverless" else {}
        refused(partial(getattr(session.client(service), call), **given))
    assert len(world.backend.record().unknown) == 4


def test_calls_are_told_by_the_account_that_they_concern(world: World) -> None:
    account = world.accounts[0]
    client = world.assume(account).client("glue", "us-east-1")
    client.list_sessions()
    client.list_sessions()
    rows = [tuple(row) for row in world.backend.record().calls]
    assert (account, "eu-west-1", "sts", "AssumeRole", 1) in rows
    assert (account, "us-east-1", "glue", "ListSessions", 2) in rows
