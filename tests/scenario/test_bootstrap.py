"""From nothing to governed: `guardian bootstrap` in an empty organization, and the daemon in what it made."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any

import pytest

from guardian.app import Guardian, open_guardian
from guardian.demo.cast import HOME
from guardian.demo.servers import LocalAwsProcess
from guardian.localaws.estate import ADMIN_ROLE, ADMINISTRATOR, STACKSETS, Estate, Keys
from guardian.localaws.people import Person
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from guardian.localslack import LocalSlack
from guardian.outcome import Result
from tests.scenario.conftest import EVER, FOREIGN, Run, calls, eventually, forget_calls
from tests.scenario.conftest import run as run_guardian

IMAGE = f"{MANAGEMENT_ACCOUNT}.dkr.ecr.{HOME}.amazonaws.com/guardian:1.0"
OU = "/Sandbox"
INTERRUPTED = 130

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Newcomer:
    """Somebody with credentials, an empty directory, and guardian's command line."""

    aws: LocalAwsProcess
    directory: Path
    keys: Keys = field(default=ADMINISTRATOR, repr=False)

    @property
    def estate(self) -> Estate:
        return Estate(self.aws.endpoint)

    def client(self, service: str) -> Any:
        return self.estate.client(service, HOME, self.keys)

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_ACCESS_KEY_ID": self.keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret_access_key,
            "AWS_SESSION_TOKEN": self.keys.session_token,
            "AWS_REGION": HOME,
            "AWS_CONFIG_FILE": str(self.directory / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "none"),
        }

    def bootstrap(self, *arguments: str, stdin: str = "") -> Run:
        command = ("bootstrap", *arguments, "--config", str(self.directory))
        return run_guardian(command, self.environment(), stdin)

    def outputs(self) -> Mapping[str, str]:
        (stack,) = self.client("cloudformation").describe_stacks(StackName="guardian-hub")[
            "Stacks"
        ]
        return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


@pytest.fixture(autouse=True)
def _no_foreign_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)


@pytest.fixture
def newcomer(server: LocalAwsProcess, tmp_path: Path) -> Iterator[Newcomer]:
    """At a local AWS that has nothing yet."""
    yield Newcomer(server, tmp_path / "config")
    server.post("/moto-api/reset", None)


@pytest.fixture
def founded(newcomer: Newcomer) -> Newcomer:
    """In an organization with one OU."""
    newcomer.client("organizations").create_organization(FeatureSet="ALL")
    newcomer.estate.units([OU], HOME)
    return newcomer


def member(newcomer: Newcomer, name: str) -> str:
    """A new account in the sandbox; answers its id."""
    ous = newcomer.estate.units([], HOME)
    api = newcomer.client("organizations")
    (ou,) = api.list_organizational_units_for_parent(ParentId=ous["/"])["OrganizationalUnits"]
    return newcomer.estate.account(name, ou["Id"], ous["/"], HOME)


def statuses(newcomer: Newcomer) -> list[str]:
    """What the stack went through, oldest first."""
    events = newcomer.client("cloudformation").describe_stack_events(StackName="guardian-hub")
    return [
        event["ResourceStatus"]
        for event in reversed(events["StackEvents"])
        if event["LogicalResourceId"] == "guardian-hub"
    ]


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


def test_from_nothing_to_governed(founded: Newcomer, slack_server: LocalSlack) -> None:
    ana = member(founded, "ana")
    first = founded.bootstrap(
        "--yes", "--ou", OU, "--image", IMAGE, "--parameter", "SlackChannel=#cloud-costs"
    )
    assert first.code == 0, first.err
    before, settings = statuses(founded), (founded.directory / "guardian.yaml").read_text()
    again = founded.bootstrap("--yes")
    assert again.code == 0, again.err
    assert "Nothing had to be changed." in again.out
    assert statuses(founded) == before
    assert (founded.directory / "guardian.yaml").read_text() == settings
    with container(founded, slack_server) as (health, environment):
        stack_sets = founded.client("cloudformation")
        eventually(lambda: governed(stack_sets, ana), within=60)
        subprocess.run(health, check=True, timeout=30)  # noqa: S603 - the task's own health check
        Person(founded.estate, "ana", ana, HOME).open_glue_session("forgotten")
        with journal_of(environment) as guardian:
            found = eventually(lambda: outcomes(guardian), within=60)
    assert found == [("forgotten", Result.WOULD_STOP)]


def governed(stack_sets: Any, account: str) -> bool:
    """Whether the first policy's stack is in an account, and in no other."""
    found = stack_sets.list_stack_sets(Status="ACTIVE", CallAs="SELF")["Summaries"]
    if "guardian-first" not in {each["StackSetName"] for each in found}:
        return False
    instances = stack_sets.list_stack_instances(StackSetName="guardian-first")["Summaries"]
    return [(each["Account"], each["Status"]) for each in instances] == [(account, "CURRENT")]


@contextmanager
def journal_of(environment: Mapping[str, str]) -> Iterator[Guardian]:
    """Guardian as the container has it, to read its journal."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield open_guardian(Path("/config"), environment)


def outcomes(guardian: Guardian) -> list[tuple[str, Result]]:
    found = guardian.journal.outcomes(guardian.now() - EVER, guardian.now() + EVER)
    return [(each.id, each.result) for each in found]


@contextmanager
def container(
    newcomer: Newcomer, slack: LocalSlack
) -> Iterator[tuple[list[str], Mapping[str, str]]]:
    """The daemon as the task definition says, with its health check and its environment.

    Only what cannot be so on a machine that tests run on differs: the port, and where AWS and Slack are.
    """
    definition = task(newcomer)
    with socket() as any_free:
        any_free.bind(("127.0.0.1", 0))
        port = str(any_free.getsockname()[1])
    environment = {**told(newcomer, definition), **around(newcomer, slack)}
    environment["GUARDIAN_HEALTH"] = port
    kind, _python, *check = definition["healthCheck"]["command"]
    assert kind == "CMD"
    health = [sys.executable, *(word.replace("8080", port) for word in check)]
    command = [sys.executable, "-m", "guardian", *definition["command"]]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            yield health, environment
        finally:
            process.terminate()
            sys.stderr.write(
                process.communicate(timeout=60)[1]
            )  # pytest shows it when a test fails
    assert process.returncode == 0


def task(newcomer: Newcomer) -> Mapping[str, Any]:
    """The container of the task definition that the service runs."""
    ecs, outputs = newcomer.client("ecs"), newcomer.outputs()
    (service,) = ecs.describe_services(cluster=outputs["Cluster"], services=[outputs["Service"]])[
        "services"
    ]
    made = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    assert made["taskRoleArn"].endswith(":role/guardian-hub")
    (found,) = made["containerDefinitions"]
    return dict(found)


def told(newcomer: Newcomer, definition: Mapping[str, Any]) -> dict[str, str]:
    """The environment of the container, with its secrets as ECS would read them."""
    secrets = newcomer.client("secretsmanager")
    newcomer.client("secretsmanager").put_secret_value(
        SecretId=newcomer.outputs()["SlackSecret"],
        SecretString=json.dumps({"bot_token": "xoxb-local", "app_token": "xapp-local"}),
    )
    environment = {each["name"]: each["value"] for each in definition["environment"]}
    for each in definition["secrets"]:
        arn, key, stage, version = each["valueFrom"].rsplit(":", 3)
        assert (stage, version) == ("", "")
        value = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        environment[each["name"]] = value[key]
    return environment


def around(newcomer: Newcomer, slack: LocalSlack) -> dict[str, str]:
    """What ECS gives a container beside that, where AWS and Slack are, and fewer rounds than a fast clock makes."""
    keys = newcomer.estate.assume(MANAGEMENT_ACCOUNT, "guardian-hub", "ecs", HOME)
    aws = newcomer.aws
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_SESSION_TOKEN": keys.session_token,
        "GUARDIAN_CLOCK": f"{aws.origin}:{aws.scale}",
        "SLACK_API_URL": slack.endpoint,
        **{f"GUARDIAN_SCHEDULES_{job}": "30d" for job in ("SWEEP", "DRIFT", "DETECT")},
        "GUARDIAN_SCHEDULES_RECONCILE": "1d",
    }


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


def test_an_interrupted_run_is_taken_up_by_the_next_one(founded: Newcomer) -> None:
    slow = {"service": "cloudformation", "operation": "ExecuteChangeSet", "delay_seconds": 5}
    forget_calls(founded.aws)
    founded.aws.post("/localaws/faults", slow)
    command = ["bootstrap", "--yes", "--ou", OU, "--config", str(founded.directory)]
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "guardian", *command],
        env={**founded.environment(), "PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        eventually(lambda: begun(founded), within=60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert "run guardian bootstrap again" in said
    stacks = founded.client("cloudformation")
    eventually(lambda: _complete(stacks))
    run = founded.bootstrap("--yes")
    assert run.code == 0, run.err
    assert "uploaded first.yaml" in run.out


def begun(newcomer: Newcomer) -> bool:
    return any(call["operation"] == "ExecuteChangeSet" for call in calls(newcomer.aws))


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
