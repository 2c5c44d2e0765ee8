"""What happens to the organization and to stack sets lets the daemon look before its turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from guardian.demo.cast import HOME
from tests.scenario.conftest import Installation, eventually
from tests.scenario.daemons import Running, at_work

MOVE = Path(__file__).parents[1] / "events" / "others" / "organizations-move-account.json"
SELDOM = {"GUARDIAN_SCHEDULES_RECONCILE": "30d", "GUARDIAN_SCHEDULES_DRIFT": "30d"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator[Running]:
    """A daemon that reconciles at its start, and then every month."""
    with at_work(installation, **SELDOM) as made:
        eventually(lambda: made.told("applied"), within=60)
        eventually(lambda: made.told("collected"), within=60)  # of its own operations
        yield made


def reasons(running: Running) -> list[str]:
    return [reason for entry in running.told("hinted") for reason in entry["reasons"]]


def planned(running: Running) -> int:
    return int(running.metric("guardian_job_runs_total", job="reconcile", result="done"))


def test_its_own_rollout_is_no_hint(running: Running) -> None:
    assert not [reason for reason in reasons(running) if "CREATE" in reason]


def test_a_forwarded_move_of_an_account_lets_it_look(running: Running) -> None:
    before = planned(running)
    sqs = running.installation.cast.estate.client("sqs", HOME)
    sqs.send_message(
        QueueUrl=running.installation.cast.queue_url, MessageBody=MOVE.read_text("utf-8")
    )
    eventually(lambda: planned(running) > before, within=60)
    assert "organization: MoveAccount" in reasons(running)


def test_what_somebody_else_does_to_a_stack_set_is_put_right_at_once(running: Running) -> None:
    before = running.installation.deployed()
    cloudformation = running.installation.cast.estate.client("cloudformation", HOME)
    cloudformation.delete_stack_instances(
        StackSetName="guardian-sandbox",
        DeploymentTargets={"OrganizationalUnitIds": [running.installation.cast.ous["/Sandbox"]]},
        Regions=[HOME],
        RetainStacks=False,
    )
    told = "stack set guardian-sandbox: DELETE SUCCEEDED"
    eventually(lambda: told in reasons(running), within=60)
    eventually(lambda: running.installation.deployed() == before, within=60)


def test_none_of_them_is_taken_for_something_unreadable(running: Running) -> None:
    assert running.metric("guardian_queue_unreadable_total") == 0
    assert not [f for f in running.installation.findings() if f.about == "collect"]
