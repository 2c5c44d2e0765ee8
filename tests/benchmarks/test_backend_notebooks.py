"""What the backend of the benchmarks says of notebooks, and what stopping one does."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Any

import pytest

from benchmarks.backend.seed import Seed
from tests.benchmarks.conftest import Seeding, World, refused


@pytest.fixture
def world(seeded: Seeding) -> World:
    return seeded(Seed(accounts=2, things={"sagemaker-notebook": 23}, stopping=30))


def listed(world: World, **asked: object) -> list[str]:
    """Page by page."""
    client = world.assume(world.accounts[0]).client("sagemaker")
    pages = client.get_paginator("list_notebook_instances").paginate(**asked)
    return [found["NotebookInstanceName"] for page in pages for found in page["NotebookInstances"]]


def test_pages_tell_every_notebook_once(world: World) -> None:
    told = listed(world, MaxResults=7)
    assert len(told) == len(set(told)) == 23
    assert world.backend.record().count("ListNotebookInstances") == 4


def test_ten_to_a_page_unless_told_otherwise(world: World) -> None:
    client = world.assume(world.accounts[0]).client("sagemaker")
    assert len(client.list_notebook_instances()["NotebookInstances"]) == 10


def test_what_stops_between_two_pages_hides_no_other(world: World) -> None:
    client = world.assume(world.accounts[0]).client("sagemaker")
    asked: dict[str, Any] = {"StatusEquals": "InService", "MaxResults": 10}
    first = client.list_notebook_instances(**asked)
    for found in first["NotebookInstances"]:
        client.stop_notebook_instance(NotebookInstanceName=found["NotebookInstanceName"])
    rest = client.list_notebook_instances(**asked, NextToken=first["NextToken"])
    last = client.list_notebook_instances(**asked, NextToken=rest["NextToken"])
    pages = [page["NotebookInstances"] for page in (first, rest, last)]
    assert [len(page) for page in pages] == [10, 10, 3]


def test_a_token_of_another_listing_is_refused(world: World) -> None:
    client = world.assume(world.accounts[0]).client("sagemaker")
    token = client.list_notebook_instances()["NextToken"]
    assert refused(lambda: client.list_apps(NextToken=token))[0] == "ValidationException"


def test_filters(world: World) -> None:
    client = world.assume(world.accounts[0]).client("sagemaker")
    client.stop_notebook_instance(NotebookInstanceName=f"nb-{world.accounts[0]}-22")
    since = client.describe_notebook_instance(NotebookInstanceName=f"nb-{world.accounts[0]}-5")
    assert len(listed(world, StatusEquals="InService")) == 22
    assert listed(world, StatusEquals="Stopping") == [f"nb-{world.accounts[0]}-22"]
    assert len(listed(world, NameContains="-2")) == 4
    assert len(listed(world, CreationTimeAfter=since["CreationTime"])) == 6
    assert listed(world, SortBy="CreationTime")[0].endswith("-22")


def test_a_filter_that_is_not_known_is_refused(world: World) -> None:
    client = world.assume(world.accounts[0]).client("sagemaker")
    code, _ = refused(
        lambda: client.list_notebook_instances(DefaultCodeRepositoryContains="guardian")
    )
    assert code == "NotImplemented"


def test_to_stop_twice_is_one_change(world: World) -> None:
    client = world.assume(world.accounts[0]).client("sagemaker")
    one = {"NotebookInstanceName": f"nb-{world.accounts[0]}-4"}
    before = client.describe_notebook_instance(**one)
    client.stop_notebook_instance(**one)
    code, message = refused(lambda: client.stop_notebook_instance(**one))
    after = client.describe_notebook_instance(**one)
    record = world.backend.record()
    assert (code, "Status (Stopping) not in ([InService])" in message) == (
        "ValidationException",
        True,
    )
    assert before["NotebookInstanceStatus"] == "InService"
    assert after["NotebookInstanceStatus"] == "Stopping"
    assert after["LastModifiedTime"] > before["LastModifiedTime"]
    assert record.stopped == 1
    assert [thing["id"] for thing in record.stopped_again] == [one["NotebookInstanceName"]]


def test_a_stopping_notebook_is_stopped_after_a_while(seeded: Seeding) -> None:
    world = seeded(Seed(accounts=1, stopping=0))
    client = world.assume(world.accounts[0]).client("sagemaker")
    one = {"NotebookInstanceName": f"nb-{world.accounts[0]}-0"}
    client.stop_notebook_instance(**one)
    assert client.describe_notebook_instance(**one)["NotebookInstanceStatus"] == "Stopped"


def test_one_of_four_lacks_the_tag_that_keeps_it(world: World) -> None:
    client = world.assume(world.accounts[0]).client("sagemaker")
    found = client.list_notebook_instances(MaxResults=100)["NotebookInstances"]
    tags = [client.list_tags(ResourceArn=each["NotebookInstanceArn"])["Tags"] for each in found]
    kept = [{"Key": "guardian", "Value": "keep"} in each for each in tags]
    assert kept.count(False) == 6
    assert world.backend.record().due == 2 * 6


def test_what_was_stopped_rightly_and_wrongly_is_told(seeded: Seeding) -> None:
    world = seeded(Seed(accounts=1))
    client = world.assume(world.accounts[0]).client("sagemaker")
    names = [f"nb-{world.accounts[0]}-{number}" for number in range(4)]
    client.stop_notebook_instance(NotebookInstanceName=names[1])
    record = world.backend.record()
    assert [thing["id"] for thing in record.stopped_wrongly] == [names[1]]
    assert [thing["id"] for thing in record.missed] == [names[0]]


def test_an_unknown_notebook_is_not_found(world: World) -> None:
    client = world.assume(world.accounts[0]).client("sagemaker")
    for call in (client.describe_notebook_instance, client.stop_notebook_instance):
        assert refused(partial(call, NotebookInstanceName="nb-0"))[1] == "RecordNotFound"


def test_answers_are_late_and_wait_at_the_same_time(seeded: Seeding) -> None:
    world = seeded(Seed(accounts=1, latency=0.2))
    client = world.assume(world.accounts[0]).client("sagemaker")
    client.list_apps()  # the first one also opens a connection
    began = perf_counter()
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: client.list_apps(), range(10)))
    assert 0.2 <= perf_counter() - began < 10 * 0.2
    assert world.backend.record().most_open > 1
