"""A small organization on a local AWS, and guardian in it: in this process, as a command, as a daemon."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

import pytest

from guardian.app import Guardian, open_guardian
from guardian.cli import main
from guardian.demo.cast import HOME, RESEARCH, SANDBOX, Cast, environment
from guardian.demo.servers import LocalAwsProcess, local_aws
from guardian.ids import Slug
from guardian.jobs.collect import collect_once
from guardian.jobs.reconcile import (
    Applied,
    Fleet,
    Reconciliation,
    Told,
    apply_once,
    plan_once,
)
from guardian.localaws.estate import Estate
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from guardian.localslack import LocalSlack
from guardian.outcome import Finding, Outcome
from guardian.plan import Plan
from guardian.stack import names

ROOT = Path(__file__).parents[2]
OUS = (SANDBOX, "/Workloads", "/Workloads/Data Science", RESEARCH)
ACCOUNTS = {"ana": SANDBOX, "ben": SANDBOX, "ravi": RESEARCH, "pat": "/", "closed": SANDBOX}
"""Who has an account where; pat's OU has no policy, closed is suspended."""
CHANNEL = "#cloud-costs"
SANDBOX_POLICY = f"""\
ou: {SANDBOX}
mode: stop
regions: [{HOME}]
kinds:
  glue-session: {{grace: 30s}}
  sagemaker-notebook: {{grace: 30m}}
  emr-cluster: {{idle: 30m}}
"""
RESEARCH_POLICY = f"""\
ou: {RESEARCH}
mode: stop
regions: [{HOME}]
kinds:
  glue-session: {{grace: 1h}}
"""
BOTH = {"guardian-sandbox", "guardian-research"}
"""The stack sets of the two policies."""
EVER = timedelta(days=10_000)
FOREIGN = ("AWS_", "SLACK_", "GUARDIAN_")
T = TypeVar("T")


def eventually(ask: Callable[[], T], within: float = 15.0) -> T:
    """Ask until the answer is truthy; answers it."""
    deadline = time.monotonic() + within
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert answer, f"still {answer!r} after {within} s"
    return answer


@dataclass(frozen=True)
class Run:
    """How a command ended."""

    code: int
    out: str
    err: str


def run(arguments: Sequence[str], environment: Mapping[str, str], stdin: str = "") -> Run:
    """Run a guardian command to its end, in this process."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["guardian", *arguments])
        patch.setattr(sys, "stdin", StringIO(stdin))
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    assert isinstance(code, int)
    return Run(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Installation:
    """A configuration directory, the environment that goes with it, and the organization it is for."""

    cast: Cast
    slack: LocalSlack
    directory: Path
    environment: Mapping[str, str] = field(repr=False)

    def write(self, **policies: str) -> None:
        """Write policies by name; an empty one is removed."""
        for name, text in policies.items():
            path = self.directory / "policies" / f"{name}.yaml"
            if text:
                path.write_text(text)
            else:
                path.unlink(missing_ok=True)

    def open(self) -> Guardian:
        return open_guardian(self.directory, self.environment)

    def run(self, *arguments: str, stdin: str = "", **changed: str) -> Run:
        """Run a guardian command to its end, in this process; `changed` are variables of its environment."""
        return run(self.arguments(*arguments), changed, stdin)

    def start(self, *arguments: str, **changed: str) -> subprocess.Popen[str]:
        """Start a guardian command as a process."""
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "guardian", *self.arguments(*arguments)],
            env={**os.environ, **changed},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def arguments(self, *arguments: str) -> list[str]:
        plain = arguments[0] in {"kinds", "demo"} or "--help" in arguments
        given = plain or "--config" in arguments
        return [*arguments, *([] if given else ["--config", str(self.directory)])]

    def plan(self) -> Plan:
        return self._planned(self.open())[0].plan

    def apply(self, told: Told = lambda *_: None) -> Applied:
        """Plan and carry out."""
        guardian = self.open()
        made, fleet = self._planned(guardian)
        return apply_once(fleet, made, guardian.journal, told, guardian.now())

    def _planned(self, guardian: Guardian) -> tuple[Reconciliation, Fleet]:
        world = guardian.world()
        fleet = guardian.fleet(world.organization)
        made = plan_once(
            fleet, world.governance, world.organization, guardian.brakes, guardian.now()
        )
        return made, fleet

    def collect(self) -> None:
        """Empty the hub's queue into the journal."""
        guardian = self.open()
        while collect_once(guardian.aws.inbox, guardian.journal, timedelta()).received:
            pass

    def outcomes(self) -> tuple[Outcome, ...]:
        """All that the journal has."""
        guardian = self.open()
        return guardian.journal.outcomes(guardian.now() - EVER, guardian.now() + EVER)

    def findings(self) -> tuple[Finding, ...]:
        guardian = self.open()
        return guardian.journal.findings(guardian.now() - EVER, guardian.now() + EVER)

    def deployed(self) -> Mapping[str, set[str]]:
        """The accounts that each stack set is in, by its name."""
        return {
            stack_set.name: {instance.target.account for instance in stack_set.instances}
            for stack_set in self.open().aws.stack_sets.observe()
        }


def executions(cast: Cast, who: str, policy: str, kind: str) -> list[Mapping[str, Any]]:
    """The executions of a kind's state machine in somebody's account."""
    name = names.machine(Slug(policy), kind)
    arn = f"arn:aws:states:{HOME}:{cast.accounts[who]}:stateMachine:{name}"
    machines = cast.person("admin", who).client("stepfunctions")
    found: list[Mapping[str, Any]] = machines.list_executions(stateMachineArn=arn)["executions"]
    return found


def calls(aws: LocalAwsProcess) -> list[dict[str, Any]]:
    """Every call that local AWS was asked for."""
    with urllib.request.urlopen(f"{aws.endpoint}/localaws/calls", timeout=10) as answer:  # noqa: S310 - loopback
        found: list[dict[str, Any]] = json.load(answer)
    return found


def forget_calls(aws: LocalAwsProcess) -> None:
    request = urllib.request.Request(f"{aws.endpoint}/localaws/calls", method="DELETE")  # noqa: S310 - loopback
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - loopback


def session_status(cast: Cast, who: str, session: str) -> str:
    glue = cast.person("admin", who).client("glue")
    return str(glue.get_session(Id=session)["Session"]["Status"])


def policies_in(cast: Cast, who: str) -> set[str]:
    """The policies whose stack stands in an account, whole or in part."""
    api = cast.person("admin", who).client("cloudformation")
    stacks = [s for s in api.describe_stacks()["Stacks"] if s["StackStatus"] != "DELETE_COMPLETE"]
    return {name for name in BOTH for s in stacks if f"StackSet-{name}-" in s["StackName"]}


@pytest.fixture(scope="session")
def server() -> Iterator[LocalAwsProcess]:
    with local_aws() as aws:
        yield aws


@pytest.fixture(scope="module")
def cast(server: LocalAwsProcess) -> Iterator[Cast]:
    """The organization of a module's tests, forgotten after them."""
    estate = Estate(server.endpoint)
    organization = estate.organization(HOME)
    ous = estate.units(OUS, HOME)
    accounts = {
        name: estate.account(name, ous[ou], ous["/"], HOME) for name, ou in ACCOUNTS.items()
    }
    estate.client("organizations", HOME).close_account(AccountId=accounts["closed"])
    template = (ROOT / "deploy" / "hub.yaml").read_text()
    outputs = estate.deploy("guardian-hub", template, {"OrganizationId": organization}, HOME)
    # What a killed daemon took and did not acknowledge comes again soon.
    estate.client("sqs", HOME).set_queue_attributes(
        QueueUrl=outputs["QueueUrl"], Attributes={"VisibilityTimeout": "2"}
    )
    yield Cast(server, estate, ous, accounts, outputs["QueueUrl"])
    server.post("/moto-api/reset", None)


@contextmanager
def installed(cast: Cast, slack: LocalSlack, directory: Path) -> Iterator[Installation]:
    """Guardian's settings in a directory, its environment in this process too."""
    (directory / "policies").mkdir(parents=True)
    (directory / "guardian.yaml").write_text(
        f"""\
home_region: {HOME}
hub:
  account: "{MANAGEMENT_ACCOUNT}"
  queue_url: {cast.queue_url}
journal: sqlite:///{directory}/guardian.db
slack:
  channel: "{CHANNEL}"
"""
    )
    variables = {
        **environment(cast, slack),
        "AWS_CONFIG_FILE": str(directory / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(FOREIGN)]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        made = Installation(cast, slack, directory, variables)
        made.write(sandbox=SANDBOX_POLICY, research=RESEARCH_POLICY)
        yield made


@pytest.fixture(scope="module")
def slack_server() -> Iterator[LocalSlack]:
    local = LocalSlack(0, (CHANNEL,))
    local.start()
    yield local
    local.stop()


@pytest.fixture(scope="module")
def installation(
    cast: Cast, slack_server: LocalSlack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Guardian with the policies of the sandbox and of research; nothing is rolled out yet."""
    with installed(cast, slack_server, tmp_path_factory.mktemp("config") / "config") as made:
        yield made


@pytest.fixture(scope="module")
def governed(installation: Installation) -> Installation:
    """The same with everything rolled out."""
    applied = installation.apply()
    assert applied.failed == ()
    return installation
