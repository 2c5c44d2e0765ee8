"""Operations are begun once, whoever is killed, not answered, or looks while one ends."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from guardian.aws.connect import Aws
from guardian.desire import WantedStackSet
from guardian.errors import Busy
from guardian.plan import InstanceStatus
from tests.contract import test_stack_sets
from tests.contract.conftest import Connect, ask_for_fault
from tests.contract.test_stack_sets import deployed, quiet, template
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import Eventually, HttpCall

pytestmark = pytest.mark.slow
organized = test_stack_sets.organized
LOST = {"error": "InternalFailure", "status": 500, "lost": True}


@pytest.fixture
def wanted(guardian: Aws, organized: Callable[..., WantedStackSet]) -> WantedStackSet:
    """A stack set that is made and has no instance yet."""
    made = organized("one", "two")
    guardian.stack_sets.create(made)
    return made


def actions(aws: Boto, name: str) -> list[str]:
    """What was done to a stack set, the first first."""
    listed = aws("cloudformation").list_stack_set_operations(StackSetName=name)["Summaries"]
    return [operation["Action"] for operation in reversed(listed)]


def changed(wanted: WantedStackSet) -> WantedStackSet:
    return replace(wanted, template=template("changed"), fingerprint="f2")


def test_an_operation_whose_answer_was_lost_is_followed_and_not_begun_again(
    guardian: Aws, wanted: WantedStackSet, aws: Boto, http: HttpCall
) -> None:
    ask_for_fault(http, "cloudformation", operation="CreateStackInstances", **LOST)
    assert guardian.stack_sets.deploy(wanted, wanted.targets, quiet) == {}
    assert set(deployed(guardian).values()) == {InstanceStatus.CURRENT}
    assert actions(aws, wanted.name) == ["CREATE"]


def test_what_two_saw_alike_and_both_begin_is_done_once(
    connected: Connect, wanted: WantedStackSet, aws: Boto
) -> None:
    killed, next_one = connected(), connected()
    for one in (killed, next_one):
        one.stack_sets.observe()
    for one in (killed, next_one):
        assert one.stack_sets.deploy(wanted, wanted.targets, quiet) == {}
    for one in (killed, next_one):
        one.stack_sets.observe()
    for one in (killed, next_one):
        assert one.stack_sets.update(changed(wanted), quiet) == {}
    assert actions(aws, wanted.name) == ["CREATE", "UPDATE"]


def test_what_was_seen_to_be_done_can_be_done_again(
    guardian: Aws, wanted: WantedStackSet, aws: Boto
) -> None:
    guardian.stack_sets.deploy(wanted, wanted.targets, quiet)
    for _ in range(2):
        guardian.stack_sets.observe()
        guardian.stack_sets.update(changed(wanted), quiet)
    assert actions(aws, wanted.name) == ["CREATE", "UPDATE", "UPDATE"]


@pytest.mark.parametrize("last", ["ListStackSetOperations", "ListStackInstances"])
def test_an_operation_that_ends_during_a_look_leaves_nothing_that_looks_undone(
    connected: Connect, wanted: WantedStackSet, http: HttpCall, eventually: Eventually, last: str
) -> None:
    impatient = connected(patience=timedelta(0))
    with pytest.raises(Busy):
        impatient.stack_sets.deploy(wanted, wanted.targets, quiet)
    ask_for_fault(http, "cloudformation", operation=last, delay_seconds=1.5)
    with ThreadPoolExecutor() as pool:
        looking = pool.submit(impatient.stack_sets.observe)
        eventually(lambda: http("GET", "/localaws/faults")[0]["fired"])
        others = connected().stack_sets
        eventually(lambda: not others.observe()[0].busy)
        (seen,) = looking.result()
    unfinished = [i for i in seen.instances if i.status is not InstanceStatus.CURRENT]
    assert seen.busy or not unfinished
