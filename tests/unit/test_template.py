"""What a governed account gets: valid, small, the same every time, and deaf to what people write into policies."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.ids import AccountId, OuId, OuPath, Region, Target
from guardian.kinds import all_kinds
from guardian.organization import Account, AccountState, Organization
from guardian.policy.hours import Hours, parse_window
from guardian.policy.load import load_policies
from guardian.policy.model import Exemption, Mode, Policy
from guardian.policy.resolve import resolve
from guardian.stack import names
from guardian.stack.access import access_template
from guardian.stack.judgement import literal
from guardian.stack.template import expected, fingerprint, template
from tests.examples import examples
from tests.templates import complaints
from tests.unit.judging import session
from tests.unit.policies import (
    DEFAULT_KINDS,
    EVERY_KIND,
    HOSTILE,
    HUB,
    IRELAND,
    VIRGINIA,
    policy,
    strings,
)
from tests.unit.substitution import substituted

INLINE_LIMIT = 51_200
MARGIN = 2_000
"""Bytes that the eight kinds leave of it for exemptions; `docs/reference/aws-calls.md` promises them."""
LONGEST_SLUG = "s" * 24
EXEMPT = (
    Exemption(tags={"guardian": "keep"}),
    Exemption(
        principal="arn:aws:iam::*:role/prod-*", reason="production runs its own schedule", id="*"
    ),
)
HOURS = Hours("Europe/London", (parse_window("mon-fri 09:00-18:00"),), rests=True)
OUS = [
    "/",
    "/Sandbox",
    "/Workloads",
    "/Workloads/Data Science",
    "/Workloads/Data Science/Production",
]
TARGET = Target(AccountId("111122223333"), IRELAND)
GLUE = (all_kinds()["glue-session"],)


def shipped() -> tuple[Policy, ...]:
    """The policies of config/, in an organization like the one they are written for."""
    folder = Path(__file__).parents[2] / "config" / "policies"
    accounts = [
        Account(AccountId(f"11112222333{n}"), path, AccountState.ACTIVE, OuPath(path))
        for n, path in enumerate(OUS)
    ]
    ous = {OuPath(path): OuId(f"ou-ab12-{n:08}") for n, path in enumerate(OUS)}
    tree = Organization("o-exampleorgid", HUB.account, ous, tuple(accounts))
    return resolve(load_policies(folder), tree, date(2026, 11, 23)).policies


def size(governed: Policy) -> int:
    return len(template(governed, HUB).encode())


@pytest.mark.slow
@pytest.mark.parametrize(
    "governed",
    [
        policy(*EXEMPT, slug="one-kind-observed", kinds=GLUE, mode=Mode.OBSERVE),
        policy(*EXEMPT, slug="default-kinds-in-hours", kinds=DEFAULT_KINDS, hours=HOURS),
        policy(*EXEMPT, slug="all-kinds"),
    ],
    ids=lambda governed: governed.slug,
)
def test_cfn_lint_has_nothing_to_say(governed: Policy) -> None:
    for text in (template(governed, HUB), access_template([governed], HUB)):
        assert complaints(text, IRELAND, VIRGINIA) == []
    # It does not look into a definition that is put together: so once more as it will be.
    whole = json.loads(template(governed, HUB))
    for name, properties in substituted(whole, TARGET).items():
        if "DefinitionString" in properties:
            text = properties["DefinitionString"]
            whole["Resources"][name]["Properties"]["DefinitionString"] = text
    whole.pop("Mappings", None)
    assert complaints(json.dumps(whole), IRELAND) == []


@pytest.mark.parametrize("governed", shipped(), ids=lambda policy: policy.slug)
def test_a_shipped_policy_fits_into_a_request_as_a_service_managed_stack_set(
    governed: Policy,
) -> None:
    text = template(governed, HUB)
    assert len(text.encode()) < INLINE_LIMIT
    whole = json.loads(text)
    assert set(whole) <= {"AWSTemplateFormatVersion", "Description", "Mappings", "Resources"}
    assert {r["Type"] for r in whole["Resources"].values()} == {
        "AWS::Events::Rule",
        "AWS::IAM::Role",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::StepFunctions::StateMachine",
    }
    assert "Fn::Transform" not in text


def test_the_default_kinds_fit_into_a_request_with_a_margin() -> None:
    assert len(DEFAULT_KINDS) == 8
    assert size(policy(*EXEMPT, slug=LONGEST_SLUG, kinds=DEFAULT_KINDS)) < INLINE_LIMIT - MARGIN
    assert size(policy(*EXEMPT, slug=LONGEST_SLUG)) > INLINE_LIMIT  # what `templates` is for


def test_an_exemption_costs_its_text_once_however_many_kinds_there_are() -> None:
    more = Exemption(id="x" * 100, reason="y" * 100)
    one, all_of_them = (size(policy(*EXEMPT, more, kinds=k)) for k in (GLUE, DEFAULT_KINDS))
    before = (size(policy(*EXEMPT, kinds=k)) for k in (GLUE, DEFAULT_KINDS))
    first, second = (after - was for after, was in zip((one, all_of_them), before, strict=True))
    assert abs(first - second) < 50


def test_the_same_policy_gives_the_same_bytes() -> None:
    first, second = template(policy(*EXEMPT), HUB), template(policy(*EXEMPT), HUB)
    assert first == second
    assert fingerprint(first) == fingerprint(second)


def test_a_change_of_the_policy_changes_the_fingerprint() -> None:
    changes = (
        policy(),
        policy(mode=Mode.OBSERVE),
        policy(Exemption(id="x")),
        policy(hours=HOURS),
        policy(kinds=GLUE),
    )
    assert len({fingerprint(template(changed, HUB)) for changed in changes}) == len(changes)


@pytest.mark.parametrize("kinds", [EVERY_KIND, GLUE], ids=["shared", "own"])
@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_what_is_expected_in_an_account_is_byte_for_byte_what_its_template_makes(
    region: str, kinds: tuple[Any, ...]
) -> None:
    target = Target(AccountId("111122223333"), Region(region))
    partition = names.partition_of(target.region)
    hub = replace(HUB, bus_arn=HUB.bus_arn.replace("arn:aws:", f"arn:{partition}:"))
    governed = policy(*EXEMPT, *map(hostile, HOSTILE), kinds=kinds)
    made = substituted(json.loads(template(governed, hub)), target, partition)
    there = expected(governed, hub, target)
    machines = {m["StateMachineName"]: m for m in made.values() if "StateMachineName" in m}
    assert {m.name: m.definition for m in there.machines} == {
        name: machine["DefinitionString"] for name, machine in machines.items()
    }
    assert {m.name: m.role for m in there.machines} == {
        name: f"arn:{partition}:iam::111122223333:role/"
        + made[machine["RoleArn"]["Fn::GetAtt"][0]]["RoleName"]
        for name, machine in machines.items()
    }
    rules = {m["Name"]: m["EventPattern"] for m in made.values() if "EventPattern" in m}
    assert {rule.name: rule.pattern for rule in there.rules} == rules


@pytest.mark.parametrize("region", ["eu-west-1", "ap-southeast-2"])
def test_a_machine_is_the_same_whether_its_states_are_shared_or_its_own(region: str) -> None:
    target = Target(AccountId("111122223333"), Region(region))
    exempt = tuple(map(hostile, HOSTILE))
    (alone,) = expected(policy(*exempt, kinds=GLUE), HUB, target).machines
    among = {m.name: m for m in expected(policy(*exempt), HUB, target).machines}[alone.name]
    assert json.loads(among.definition) == json.loads(alone.definition)
    assert among.definition != alone.definition  # the shared ones stand last


def hostile(text: str) -> Exemption:
    return Exemption(tags={text: text}, id=text, reason=text)


@pytest.mark.parametrize("kinds", [DEFAULT_KINDS, GLUE], ids=["shared", "own"])
@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_write_stays_text(text: str, kinds: tuple[Any, ...]) -> None:
    governed = policy(hostile(text), kinds=kinds)
    rendered = template(governed, HUB)
    made = substituted(json.loads(rendered), TARGET)
    definition = json.loads(made["GlueSessionMachine"]["DefinitionString"])
    for found in strings(definition["States"]):
        if found.startswith("{%"):
            assert found.endswith(" %}")
            jsonata.Jsonata(found[2:-2])
    assert verdict(definition["States"], text) == {"do": "keep", "reason": f"exempt: {text}"}
    assert "{{resolve" not in rendered


def verdict(states: Mapping[str, Any], text: str) -> dict[str, Any]:
    """What the machine makes of a Glue session that has nothing of its own but this tag and this id."""
    seen = {**session(tags={text: text}), "caller": {}}
    known = {
        "seen": seen,
        "id": text,
        "account": TARGET.account,
        "eventTime": "2026-11-23T12:00:00Z",
        "principals": [],
        "origin": "",
        "eventOwner": "",
        "quiet": False,
        "restEnds": 0,
        "rule": states["Start"]["Assign"]["rule"],
    }
    known["thing"] = evaluated(states["See"]["Assign"]["thing"], known)
    judged = evaluated(states["Judge"]["Assign"]["verdict"], known)
    return {key: judged[key] for key in ("do", "reason")}


def evaluated(text: str, variables: Mapping[str, Any]) -> Any:
    expression = jsonata.Jsonata(text[2:-2])
    frame = expression.create_frame()
    for name, value in variables.items():
        frame.bind(name, value)
    return expression.evaluate(None, frame)


@examples(60)
@given(st.text(min_size=1, max_size=20) | st.text('${}!AWS:Region"\\', min_size=1, max_size=20))
def test_substitution_gives_back_what_was_written(text: str) -> None:
    written = literal(text)
    assert "{{" not in written
    assert jsonata.Jsonata(names.resolved(written, TARGET, "aws")).evaluate(None) == text


def test_a_description_fits_however_long_the_ou_is() -> None:
    deep = replace(policy(), ou=OuPath("/x" * 2000))
    assert len(json.loads(template(deep, HUB))["Description"]) <= 1024
