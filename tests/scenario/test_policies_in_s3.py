"""Policies kept in S3: the hub's role may read them, commands and the daemon do."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from guardian.demo.cast import HOME
from tests.scenario.conftest import ROOT, SANDBOX_POLICY, Installation, eventually

BUCKET, KEY = "our-policies", "production/sandbox.yaml"
THERE = {"GUARDIAN_POLICIES": f"s3://{BUCKET}/production"}
WITHIN = 25.0  # seconds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bucket(installation: Installation) -> Any:
    """A client of S3, where the sandbox's policy is."""
    api = installation.cast.estate.client("s3", HOME)
    api.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": HOME})
    return api


@pytest.fixture(autouse=True)
def _policy_is_there(bucket: Any) -> None:
    put(bucket, SANDBOX_POLICY)


def put(bucket: Any, content: str) -> None:
    bucket.put_object(Bucket=BUCKET, Key=KEY, Body=content.encode())


def test_a_command_reads_them_and_tells_of_mistakes_in_them(
    installation: Installation, bucket: Any
) -> None:
    assert installation.run("validate", **THERE).code == 0
    put(bucket, SANDBOX_POLICY.replace("/Sandbox", "/Sandbx"))
    run = installation.run("validate", **THERE)
    assert run.code == 2
    assert f"s3://{BUCKET}/{KEY}:1:5: there is no OU /Sandbx" in run.err


@pytest.fixture
def running(installation: Installation) -> Iterator[subprocess.Popen[str]]:
    with installation.start("run", GUARDIAN_SCHEDULES_RECONCILE="2d", **THERE) as process:
        eventually(lambda: installation.deployed() != {}, within=30)
        yield process
        process.terminate()


def logged(process: subprocess.Popen[str], event: str) -> Mapping[str, Any]:
    """The next entry of the daemon's log about an event."""
    assert process.stderr is not None
    for line in process.stderr:
        sys.stderr.write(line)  # pytest shows it when a test fails
        entry: Mapping[str, Any] = json.loads(line)
        if entry["event"] == event:
            return entry
    raise AssertionError(f"the daemon ended without {event}")


def test_the_daemon_follows_them_and_keeps_them_while_s3_is_away(
    installation: Installation, running: subprocess.Popen[str], bucket: Any
) -> None:
    logged(running, "applied")
    deployed = installation.deployed()
    for error, status, times in [("AccessDenied", 403, 1), ("SlowDown", 503, 4)]:
        fault = {"service": "s3", "error": error, "status": status, "times": times}
        installation.cast.aws.post("/localaws/faults", fault)
        failed = logged(running, "job_failed")
        assert (failed["job"], error in failed["error"]) == ("reload", True)
        assert installation.deployed() == deployed
    put(bucket, SANDBOX_POLICY.replace("30s", "45s"))
    assert logged(running, "policies_changed")["policies"] == 1
    while not (done := logged(running, "applied")["done"]):
        pass  # a look for drift that began before
    assert done == 1


def test_the_hubs_role_may_read_the_bucket_that_its_stack_is_told_of(
    installation: Installation,
) -> None:
    estate = installation.cast.estate
    role = estate.client("iam", HOME)
    assert (
        "guardian-policies" not in role.list_role_policies(RoleName="guardian-hub")["PolicyNames"]
    )
    stacks = estate.client("cloudformation", HOME)
    organization = {"ParameterKey": "OrganizationId", "UsePreviousValue": True}
    stacks.update_stack(
        StackName="guardian-hub",
        TemplateBody=(ROOT / "deploy" / "hub.yaml").read_text(),
        Parameters=[organization, {"ParameterKey": "PolicyBucket", "ParameterValue": BUCKET}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    stacks.get_waiter("stack_update_complete").wait(
        StackName="guardian-hub", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    found = role.get_role_policy(RoleName="guardian-hub", PolicyName="guardian-policies")
    listing, getting = found["PolicyDocument"]["Statement"]
    assert (listing["Action"], listing["Resource"]) == ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}")
    assert (getting["Action"], getting["Resource"]) == ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/*")
