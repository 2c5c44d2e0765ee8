"""After an uninstallation nothing of guardian is in the accounts, and nothing comes back."""

import json
import sys
from typing import Any

import pytest

from tests.scenario.conftest import Installation, eventually

FAILED = 1
WITHIN = 25.0  # seconds
BUSY = {
    "service": "cloudformation",
    "operation": "DeleteStackInstances",
    "error": "OperationInProgressException",
}

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _installed(installation: Installation) -> None:
    assert installation.run("resume").code == 0
    assert installation.apply().failed == ()


def left_in(installation: Installation, who: str) -> dict[str, list[str]]:
    """What has guardian's name in somebody's account."""

    def ours(found: list[dict[str, Any]], name: str) -> list[str]:
        return [item[name] for item in found if "guardian" in item[name]]

    client = installation.cast.person("admin", who).client
    stacks = client("cloudformation").describe_stacks()["Stacks"]
    left = {
        "stacks": ours(stacks, "StackName"),
        "rules": ours(client("events").list_rules()["Rules"], "Name"),
        "machines": ours(client("stepfunctions").list_state_machines()["stateMachines"], "name"),
        "roles": ours(client("iam").list_roles()["Roles"], "RoleName"),
    }
    return {kind: names for kind, names in left.items() if names}


def status(installation: Installation) -> Any:
    return json.loads(installation.run("status", "--format", "json").out)


def test_nothing_of_guardian_is_left_and_status_says_so(governed: Installation) -> None:
    assert left_in(governed, "ana").keys() == {"stacks", "rules", "machines", "roles"}
    run = governed.run("uninstall", "--yes")
    assert run.code == 0
    assert "guardian resume" in run.out
    assert [left_in(governed, who) for who in ("ana", "ben", "ravi", "pat")] == [{}] * 4
    told = status(governed)
    assert told["paused"]["reason"] == "uninstalled"
    assert [s for s in told["stack_sets"] if s["total"]] == []
    assert governed.deployed() == {}
    assert "Nothing of guardian is in the accounts" in governed.run("uninstall", "--yes").out


def test_the_plan_is_told_and_the_organization_is_typed_to_confirm(governed: Installation) -> None:
    before = governed.deployed()
    organization = status(governed)["organization"]
    wrong = governed.run("uninstall", stdin="yes\n", GUARDIAN_BRAKES_DELETE_MINIMUM="1")
    assert wrong.code == FAILED
    assert "nothing was removed" in wrong.out
    assert "Over the brakes: it would delete 6 of 6 stack instances" in wrong.out
    assert (governed.deployed(), status(governed)["paused"]) == (before, None)
    assert governed.run("uninstall", stdin=f"{organization}\n").code == 0
    assert governed.deployed() == {}


def test_the_access_goes_last(governed: Installation) -> None:
    planned = json.loads(governed.run("uninstall", "--yes", "--format", "json").out)
    names = [change["stack_set"] for change in planned["changes"]]
    assert list(dict.fromkeys(names)) == [
        "guardian-research",
        "guardian-sandbox",
        "guardian-access",
    ]
    assert planned["held"] is None


def test_what_was_left_is_finished_by_the_next_run(governed: Installation) -> None:
    governed.cast.aws.post("/localaws/faults", BUSY)
    first = governed.run("uninstall", "--yes")
    assert first.code == FAILED
    assert "Run it again" in first.out
    # Its account keeps guardian's own role as long as a policy's stack is there.
    assert governed.deployed() == {
        "guardian-research": {governed.cast.accounts["ravi"]},
        "guardian-access": {governed.cast.accounts["ravi"]},
    }
    assert governed.run("uninstall", "--yes").code == 0
    assert governed.deployed() == {}


def test_a_daemon_puts_nothing_back(governed: Installation) -> None:
    process = governed.start("run", GUARDIAN_SCHEDULES_DRIFT="2d")
    try:
        assert process.stderr
        assert any('"event": "applied"' in line for line in process.stderr)
        eventually(lambda: governed.run("uninstall", "--yes").code == 0, within=WITHIN)
        paused = "uninstalled"
        before = sum(f.reason.endswith(paused) for f in governed.findings())
        eventually(
            lambda: sum(f.reason.endswith(paused) for f in governed.findings()) > before + 1
        )
        assert governed.deployed() == {}
    finally:
        process.terminate()
        sys.stderr.write(process.communicate(timeout=WITHIN)[1])
