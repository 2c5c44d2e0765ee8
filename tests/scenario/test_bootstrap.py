"""`guardian bootstrap` in an empty organization: asked, refused, interrupted, and begun again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from guardian.demo.cast import HOME
from guardian.localaws.estate import ADMIN_ROLE, STACKSETS
from tests.scenario import newcomers
from tests.scenario.conftest import eventually
from tests.scenario.delays import struck
from tests.scenario.newcomers import IMAGE, OU, Newcomer, member, statuses

founded = newcomers.founded
newcomer = newcomers.newcomer

INTERRUPTED = 130

pytestmark = pytest.mark.slow


def test_nobody_is_left_without_a_word_of_what_to_do(newcomer: Newcomer) -> None:
    run = newcomer.bootstrap("--yes")
    assert run.code == 2
    assert "aws organizations create-organization --feature-set ALL" in run.err
    newcomer.client("organizations").create_organization(FeatureSet="ALL")
    run = newcomer.bootstrap("--yes")
    assert (run.code, "say --ou /Some/OU" in run.err) == (2, True)
    run = newcomer.bootstrap("--yes", "--ou", "/Sandbox")
    assert (run.code, "--ou: there is no OU /Sandbox" in run.err) == (2, True)
    stacks = newcomer.client("cloudformation").describe_stacks()["Stacks"]
    assert stacks == []


def test_somebody_is_asked_and_may_say_no(founded: Newcomer) -> None:
    run = founded.bootstrap(stdin=f"{OU}\nn\n")
    assert run.code == 1
    assert f"  {OU}\n" in run.out
    assert "Do it?" in run.out
    assert founded.client("cloudformation").describe_stacks()["Stacks"] == []
    run = founded.bootstrap(stdin="y\n")  # the first policy is there by now
    assert run.code == 0, run.err
    assert "uploaded first.yaml" in run.out
    assert "there is no daemon yet" in run.out


def test_a_dry_run_changes_nothing_and_prints_commands(founded: Newcomer) -> None:
    policies = founded.directory / "policies"
    policies.mkdir(parents=True)
    (policies / "sandbox.yaml").write_text(f"ou: {OU}\nregions: [{HOME}]\n")
    run = founded.bootstrap("--dry-run", "--image", IMAGE)
    assert run.code == 0, run.err
    lines = run.out.splitlines()
    shown = [line.split(" --")[0] for line in lines if line.startswith("aws ")]
    assert shown[0] == "aws cloudformation activate-organizations-access"
    assert shown[1] == shown[3] == "aws cloudformation deploy"
    assert shown[2].startswith(f"aws s3 cp {policies}/sandbox.yaml ")
    assert f"Image={IMAGE}" in lines[-1]
    assert founded.client("cloudformation").describe_stacks()["Stacks"] == []
    assert not (founded.directory / "guardian.yaml").exists()


def test_policies_that_others_put_there_are_left_alone_and_told(founded: Newcomer) -> None:
    assert founded.bootstrap("--yes", "--ou", OU).code == 0
    bucket = founded.outputs()["PoliciesPlace"].removeprefix("s3://").removesuffix("/policies")
    s3 = founded.client("s3")
    s3.put_object(Bucket=bucket, Key="policies/other.yaml", Body=b"ou: /\n")
    first = founded.directory / "policies" / "first.yaml"
    first.write_text(first.read_text().replace("observe", "stop"))
    run = founded.bootstrap("--yes")
    assert run.code == 0, run.err
    assert "uploaded first.yaml" in run.out
    assert "left alone" in run.out
    assert "other.yaml" in run.out
    assert s3.get_object(Bucket=bucket, Key="policies/other.yaml")["Body"].read() == b"ou: /\n"
    assert b"stop" in s3.get_object(Bucket=bucket, Key="policies/first.yaml")["Body"].read()


def test_an_account_that_administers_stack_sets_can_be_the_hub(founded: Newcomer) -> None:
    account = member(founded, "platform")
    keys = founded.estate.assume(account, ADMIN_ROLE, "me", HOME)
    newcomer = Newcomer(founded.aws, founded.directory, keys)
    run = newcomer.bootstrap("--yes", "--ou", OU)
    assert run.code == 2
    for command in ("activate-organizations-access", "register-delegated-administrator"):
        assert command in run.err
    founded.client("cloudformation").activate_organizations_access()
    founded.client("organizations").register_delegated_administrator(
        AccountId=account, ServicePrincipal=STACKSETS
    )
    run = newcomer.bootstrap("--yes", "--ou", OU)
    assert run.code == 0, run.err
    settings = (founded.directory / "guardian.yaml").read_text()
    assert "call_as: delegated-admin" in settings
    assert f'account: "{account}"' in settings
    run = founded.bootstrap("--yes")  # with the wrong credentials
    assert (run.code, f"hub.account is {account}" in run.err) == (2, True)


def test_what_fails_is_told_with_its_reason_and_with_what_to_do(founded: Newcomer) -> None:
    queues = founded.client("sqs")
    queues.create_queue(QueueName="guardian")
    run = founded.bootstrap("--yes", "--ou", OU)
    assert run.code == 1
    assert "the stack guardian-hub is ROLLBACK_COMPLETE: Queue: " in run.err
    run = founded.bootstrap("--yes")
    assert run.code == 1
    assert "aws cloudformation delete-stack --stack-name guardian-hub" in run.err
    queues.delete_queue(QueueUrl=queues.get_queue_url(QueueName="guardian")["QueueUrl"])
    founded.client("cloudformation").delete_stack(StackName="guardian-hub")
    assert founded.bootstrap("--yes").code == 0


def test_a_service_control_policy_is_told_as_one(founded: Newcomer) -> None:
    founded.aws.post(
        "/localaws/faults",
        {
            "service": "cloudformation",
            "operation": "CreateChangeSet",
            "error": "AccessDenied",
            "message": "not authorized with an explicit deny in a service control policy",
            "status": 403,
        },
    )
    run = founded.bootstrap("--yes", "--ou", OU)
    assert run.code == 3
    assert "ask whoever writes" in run.err
    assert founded.bootstrap("--yes").code == 0  # once it is let through


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What is started hears SIGINT: a shell that runs the tests in the background lets all ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_is_taken_up_by_the_next_one(founded: Newcomer) -> None:
    slow = {"service": "cloudformation", "operation": "ExecuteChangeSet", "delay_seconds": 5}
    founded.aws.post("/localaws/faults", slow)
    command = ["bootstrap", "--yes", "--ou", OU, "--config", str(founded.directory)]
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "guardian", *command],
        env={**founded.environment(), "PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        eventually(lambda: struck(founded.aws), within=60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert "run guardian bootstrap again" in said
    stacks = founded.client("cloudformation")
    eventually(lambda: _complete(stacks))
    run = founded.bootstrap("--yes")
    assert run.code == 0, run.err
    assert "uploaded first.yaml" in run.out


def test_a_change_set_that_nobody_carried_out_is_no_hindrance(founded: Newcomer) -> None:
    founded.client("cloudformation").create_change_set(
        StackName="guardian-hub",
        ChangeSetName="abandoned",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}),
    )
    run = founded.bootstrap("--yes", "--ou", OU)
    assert run.code == 0, run.err
    assert statuses(founded)[-1] == "CREATE_COMPLETE"


def _complete(stacks: Any) -> bool:
    (stack,) = stacks.describe_stacks(StackName="guardian-hub")["Stacks"]
    return bool(stack["StackStatus"] == "CREATE_COMPLETE")
