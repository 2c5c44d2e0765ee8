"""An organization of any size on local AWS, what guardian does to it, and what AWS says was done."""

import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from guardian.demo.cast import HOME, Cast
from guardian.demo.servers import LocalAwsProcess
from guardian.localaws.estate import Estate
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from guardian.localslack import LocalSlack
from tests.scenario.conftest import ROOT, Installation, eventually, installed
from tests.scenario.delays import slow_down, slowed_down

TEAMS = ("alpha", "beta", "gamma")
"""Each has an OU and a policy of its name."""
Place = tuple[str, str]
"""An account and a region."""


def by_turns(number: int) -> str:
    """The OU of the team whose turn it is."""
    return f"/{TEAMS[number % len(TEAMS)]}"


def organization(
    server: LocalAwsProcess, count: int, ou_of: Callable[[int], str] = by_turns
) -> Cast:
    """So many accounts, named `account-000` and so on, each in an OU of a team or one below it."""
    estate = Estate(server.endpoint)
    identifier = estate.organization(HOME)
    homes = [ou_of(number) for number in range(count)]
    ous = estate.units(sorted({f"/{team}" for team in TEAMS} | set(homes)), HOME)
    accounts = {}
    for number, home in enumerate(homes):
        name = f"account-{number:03}"
        accounts[name] = estate.account(name, ous[home], ous["/"], HOME)
    template = (ROOT / "deploy" / "hub.yaml").read_text()
    outputs = estate.deploy("guardian-hub", template, {"OrganizationId": identifier}, HOME)
    return Cast(server, estate, ous, accounts, outputs["QueueUrl"])


def policy(team: str, grace: str, regions: Sequence[str]) -> str:
    return f"""\
ou: /{team}
mode: stop
regions: [{", ".join(regions)}]
kinds:
  glue-session: {{grace: {grace}}}
  sagemaker-notebook: {{grace: {grace}}}
"""


@contextmanager
def governing(
    cast: Cast, slack: LocalSlack, directory: Path, regions: Sequence[str]
) -> Iterator[Installation]:
    """Guardian with a policy for each team, and no brake that the size of a first rollout would meet."""
    with installed(cast, slack, directory) as made:
        with (directory / "guardian.yaml").open("a") as settings:
            settings.write("brakes: {stop_share: 1}\n")
        made.write(sandbox="", research="", **{t: policy(t, "1h", regions) for t in TEAMS})
        yield made


def by_waves(installation: Installation) -> None:
    """From now on templates go to one team after the other, with hardly a pause."""
    with (installation.directory / "guardian.yaml").open("a") as settings:
        settings.write("rollout: {waves: [[/alpha], [/beta], [/]], bake: 1s}\n")


def planned(installation: Installation) -> Mapping[str, Any]:
    """What `guardian plan` says; nothing where it could not say."""
    shown = installation.run("plan", "--format", "json")
    found: Mapping[str, Any] = json.loads(shown.out) if shown.code == 0 else {}
    return found


def converged(installation: Installation, most: int = 12) -> Mapping[str, Any]:
    """Applies, as the daemon does again and again, until the plan says nothing to do; answers that plan."""
    plan: Mapping[str, Any] = {}
    for _ in range(most):
        installation.run("apply", "--yes")
        plan = eventually(lambda: planned(installation), within=60)
        if not plan["changes"] and not waits(plan):
            return plan
    raise AssertionError(f"still to do: {plan['changes'][:5]}, {plan['skips'][:5]}")


def emptied(installation: Installation) -> None:
    """Nothing of guardian's is left, and nothing keeps it from beginning anew."""
    if installation.deployed():
        assert installation.run("uninstall", "--yes").code == 0
        assert installation.run("resume").code == 0


def waits(plan: Mapping[str, Any]) -> bool:
    """Whether something is left to a later cycle, not for good."""
    said = " ".join(skip["reason"] for skip in plan["skips"])
    return any(word in said for word in ("waits for", "is in progress", "tried again after"))


def killed_at(
    installation: Installation, operation: str, command: Sequence[str] = ("apply", "--yes")
) -> None:
    """Start guardian and kill it while CloudFormation has yet to answer such a call, which is done all the same."""
    slow_down(installation, "cloudformation", operation)
    process = installation.start(*command)
    try:
        eventually(lambda: process.poll() is not None or slowed_down(installation), within=60)
    finally:
        process.kill()
        out, err = process.communicate()
    assert slowed_down(installation), out + err
    forget_faults(installation)


def unusual(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What is left alone, but for the management account, which always is."""
    return [skip for skip in plan["skips"] if skip["account"] != MANAGEMENT_ACCOUNT]


def throttle(installation: Installation, *services: str) -> None:
    """Refuse every fifth call of each of these services, until the faults are forgotten."""
    for service in services:
        fault = {"service": service, "error": "ThrottlingException", "every": 5, "times": 10**6}
        installation.cast.aws.post("/localaws/faults", fault)


def refused_calls(installation: Installation) -> int:
    url = f"{installation.cast.aws.endpoint}/localaws/faults"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        return sum(fault["fired"] for fault in json.load(answer))


def forget_faults(installation: Installation) -> None:
    url = f"{installation.cast.aws.endpoint}/localaws/faults"
    request = urllib.request.Request(url, method="DELETE")  # noqa: S310 - loopback
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - loopback


@dataclass(frozen=True)
class Done:
    """An operation that AWS remembers: which sort of which rollout, when, where it was asked to go and succeeded."""

    stack_set: str
    identifier: str
    action: str
    asked: frozenset[str]
    succeeded: frozenset[Place]
    began: datetime
    ended: datetime | None

    @property
    def content(self) -> tuple[str, str, str, frozenset[str], frozenset[Place]]:
        """What two operations have in common of which one was not needed."""
        purpose = self.identifier[:-37]  # less the id of its own
        return self.stack_set, self.action, purpose, self.asked, self.succeeded


def operations(cast: Cast) -> list[Done]:
    """All that was done to the stack sets that there are, in the order in which it was asked for."""
    api = cast.estate.client("cloudformation", HOME)
    found = []
    for stack_set in api.list_stack_sets(Status="ACTIVE")["Summaries"]:
        name = stack_set["StackSetName"]
        pages = api.get_paginator("list_stack_set_operations").paginate(StackSetName=name)
        made = [summary for page in pages for summary in page["Summaries"]]
        found += [_done(api, name, summary["OperationId"]) for summary in reversed(made)]
    return sorted(found, key=lambda done: done.began)


def _done(api: Any, name: str, identifier: str) -> Done:
    which = {"StackSetName": name, "OperationId": identifier}
    operation = api.describe_stack_set_operation(**which)["StackSetOperation"]
    pages = api.get_paginator("list_stack_set_operation_results").paginate(**which)
    results = [result for page in pages for result in page["Summaries"]]
    succeeded = {(r["Account"], r["Region"]) for r in results if r["Status"] == "SUCCEEDED"}
    asked = frozenset(operation.get("DeploymentTargets", {}).get("Accounts", ()))
    began, ended = operation["CreationTimestamp"], operation.get("EndTimestamp")
    return Done(name, identifier, operation["Action"], asked, frozenset(succeeded), began, ended)


def done_twice(found: Sequence[Done]) -> list[str]:
    """Instances that were made where there was one, and operations that repeat the one before them."""
    there: dict[str, set[Place]] = {}
    last: dict[str, Done] = {}
    twice = []
    for done in found:
        places = there.setdefault(done.stack_set, set())
        if done.action == "CREATE":
            twice += [f"{done.stack_set} {place} created" for place in done.succeeded & places]
            places |= done.succeeded
        elif done.action == "DELETE":
            places -= done.succeeded
        before = last.get(done.stack_set)
        if before and before.content == done.content:
            twice.append(f"{done.stack_set} {done.action} {done.identifier} repeats another")
        last[done.stack_set] = done
    return twice
