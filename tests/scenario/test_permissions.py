"""Every call that guardian makes, as anybody, is allowed by the role it makes it in."""

import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest
from ruamel.yaml import YAML

from guardian.demo.cast import HOME, RESEARCH, SANDBOX
from guardian.ids import Slug
from guardian.jobs.sweep import Place, governed_places, sweep_once
from guardian.kinds import all_kinds
from guardian.outcome import By, Outcome, Result
from guardian.stack import names
from guardian.stack.access import access_template
from guardian.stack.template import template
from tests.scenario.conftest import (
    ROOT,
    SANDBOX_POLICY,
    Installation,
    calls,
    eventually,
    forget_calls,
)

HUB, MEMBER, MACHINES = "guardian-hub", "guardian-member", f"guardian-sandbox-{HOME}"
PREFIXES = {"emr": "elasticmapreduce", "stepfunctions": "states"}
"""IAM's names of services where they are not boto3's."""
ACTIONS = {"sqs:DeleteMessageBatch": "sqs:DeleteMessage"}
IMPLIED = {
    "events:PutTargets": "iam:PassRole",
    "states:CreateStateMachine": "iam:PassRole",
    "states:UpdateStateMachine": "iam:PassRole",
    "cloudformation:CreateStackSet": "cloudformation:TagResource",
}
"""What AWS asks for beside the action of the call itself."""
FREE = {"sts:GetCallerIdentity"}

pytestmark = pytest.mark.slow

Grants = frozenset[str]


def granted(statements: Iterable[Mapping[str, Any]]) -> Grants:
    """The actions that statements allow."""
    actions = set[str]()
    for statement in statements:
        assert statement["Effect"] == "Allow"
        action = statement["Action"]
        actions |= {action} if isinstance(action, str) else set(action)
    return frozenset(actions)


def denied(grants: Grants, needed: Iterable[str]) -> set[str]:
    """The actions among the needed ones that no grant covers; names are compared as IAM does, without case."""
    patterns = [grant.lower() for grant in grants]
    return {a for a in needed if not any(fnmatchcase(a.lower(), p) for p in patterns)}


def needed_by(role: str, made: Sequence[Mapping[str, Any]]) -> set[str]:
    """The actions that the calls made in a role need."""
    needed = set[str]()
    for call in made:
        if not call["principal"].endswith(f":role/{role}"):
            continue
        service = PREFIXES.get(call["service"], call["service"])
        action = f"{service}:{call['operation']}"
        needed.add(ACTIONS.get(action, action))
        needed |= {IMPLIED[action]} if action in IMPLIED else set()
    return needed - FREE


@pytest.fixture(scope="module")
def made(installation: Installation) -> list[dict[str, Any]]:
    """Every call of a full life: people work, guardian stops, sweeps, mends, moves and takes away."""
    cast = installation.cast
    forget_calls(cast.aws)
    assert installation.apply().failed == ()
    people_work_and_all_is_stopped(installation)
    break_and_mend(installation)
    change_and_move(installation)
    assert installation.run("status").code == 0
    return calls(cast.aws)


def open_everything(installation: Installation, who: str) -> set[str]:
    person = installation.cast.person(who, who)
    return {
        person.open_glue_session(f"{who}s-session"),
        person.open_notebook(f"{who}s-notebook", "ml.t3.medium"),
        person.open_cluster(f"{who}s-cluster"),
    }


def stopped(outcomes: Iterable[Outcome], by: By) -> set[str]:
    return {o.id for o in outcomes if o.result is Result.STOPPED and o.by is by}


def people_work_and_all_is_stopped(installation: Installation) -> None:
    """What ana opens is announced by events, what ben opens is not."""
    place = {"account": installation.cast.accounts["ben"], "region": HOME}
    installation.cast.aws.post("/localaws/trail", {"logging": False, **place})
    opened = {
        By.EVENT: open_everything(installation, "ana"),
        By.SWEEP: open_everything(installation, "ben"),
    }
    guardian = installation.open()
    places = [p for p in governed_places(guardian.world().governance) if in_account(p, place)]

    def over() -> bool:
        search = guardian.search()
        sweep_once(guardian.aws.members, guardian.journal, places, search, guardian.now)
        installation.collect()
        outcomes = installation.outcomes()
        return all(stopped(outcomes, by) == identifiers for by, identifiers in opened.items())

    assert eventually(over, within=30)


def in_account(place: Place, where: Mapping[str, str]) -> bool:
    return place.target.account == where["account"]


def break_and_mend(installation: Installation) -> None:
    ana = installation.cast.person("ana", "ana")
    ana.disable_rule("guardian-sandbox-glue-session")
    ana.delete_rule("guardian-sandbox-emr-cluster")
    ana.defuse_machine("guardian-sandbox-glue-session")
    arn = f"arn:aws:states:{HOME}:{ana.account}:stateMachine:guardian-sandbox-emr-cluster"
    ana.client("stepfunctions").delete_state_machine(stateMachineArn=arn)
    applied = installation.apply()
    assert (len(applied.done), applied.failed) == (4, ())
    assert installation.plan().changes == ()


def change_and_move(installation: Installation) -> None:
    installation.write(sandbox=SANDBOX_POLICY.replace("30s", "45s"))
    installation.cast.move("ben", SANDBOX, RESEARCH)
    assert installation.apply().failed == ()
    installation.write(research="")
    assert installation.apply().failed == ()


@pytest.fixture(scope="module")
def roles(installation: Installation) -> Mapping[str, Grants]:
    """What each role may do, out of the templates that were rolled out."""
    guardian = installation.open()
    world = guardian.world()
    hub = guardian.fleet(world.organization).hub
    (sandbox,) = (p for p in world.governance.policies if p.slug == "sandbox")
    assert names.machine_role(Slug("sandbox")).replace("${AWS::Region}", HOME) == MACHINES
    return {
        HUB: hub_grants(),
        MEMBER: _of(access_template([sandbox], hub), "MemberRole"),
        MACHINES: _of(template(sandbox, hub), "MachineRole"),
    }


def hub_grants() -> Grants:
    reader = YAML(typ="rt")
    resources = reader.load((ROOT / "deploy" / "hub.yaml").read_text())["Resources"]
    (policy,) = resources["Role"]["Properties"]["Policies"]
    return granted(policy["PolicyDocument"]["Statement"])


def _of(text: str, role: str) -> Grants:
    (policy,) = json.loads(text)["Resources"][role]["Properties"]["Policies"]
    return granted(policy["PolicyDocument"]["Statement"])


@pytest.mark.parametrize("role", [HUB, MEMBER, MACHINES])
def test_every_call_is_allowed_by_its_role(
    made: list[dict[str, Any]], roles: Mapping[str, Grants], role: str
) -> None:
    needed = needed_by(role, made)
    assert needed
    assert denied(roles[role], needed) == set()


@pytest.mark.parametrize("role", [MEMBER, MACHINES])
def test_no_role_in_an_account_may_do_what_guardian_never_does(
    made: list[dict[str, Any]], roles: Mapping[str, Grants], role: str
) -> None:
    assert roles[role] - needed_by(role, made) == set()


@pytest.mark.parametrize("role", [HUB, MEMBER, MACHINES])
def test_an_action_taken_out_of_a_role_is_missed(
    made: list[dict[str, Any]], roles: Mapping[str, Grants], role: str
) -> None:
    needed = needed_by(role, made)
    for action in roles[role] & needed:
        assert denied(roles[role] - {action}, needed) == {action}


def test_nobody_else_calls_for_guardian(made: list[dict[str, Any]]) -> None:
    callers = {call["principal"].rpartition("/")[2] for call in made}
    assert {name for name in callers if "guardian" in name} == {HUB, MEMBER, MACHINES}


def test_every_kind_was_stopped_by_both_ways(
    made: list[dict[str, Any]], installation: Installation
) -> None:
    assert made
    both = {(o.kind, o.by) for o in installation.outcomes() if o.result is Result.STOPPED}
    assert both == {(kind, by) for kind in all_kinds() for by in By}
