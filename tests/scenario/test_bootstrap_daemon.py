"""From nothing to governed: `guardian bootstrap`, and the daemon in what it made."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any

import pytest

from guardian.app import Guardian, open_guardian
from guardian.demo.cast import HOME
from guardian.localaws.people import Person
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from guardian.localslack import LocalSlack
from guardian.outcome import Result
from tests.scenario import newcomers
from tests.scenario.conftest import EVER, calls, eventually, forget_calls
from tests.scenario.grants import denied, hub_grants, needed_by
from tests.scenario.newcomers import IMAGE, OU, Newcomer, member, statuses

founded = newcomers.founded
newcomer = newcomers.newcomer

pytestmark = pytest.mark.slow


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
    forget_calls(founded.aws)
    with container(founded, slack_server) as (health, environment):
        stack_sets = founded.client("cloudformation")
        eventually(lambda: governed(stack_sets, ana), within=60)
        subprocess.run(health, check=True, timeout=30)  # noqa: S603 - the task's own health check
        Person(founded.estate, "ana", ana, HOME).open_glue_session("forgotten")
        with journal_of(environment) as guardian:
            found = eventually(lambda: outcomes(guardian), within=60)
    assert found == [("forgotten", Result.WOULD_STOP)]
    needed = needed_by("guardian-hub", calls(founded.aws))
    assert {"dynamodb:PutItem", "s3:GetObject"} <= needed
    assert denied(hub_grants(), needed) == set()


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
