"""The resources of a policy's template: who may do what, what they are called, and that no event is lost."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest
from botocore.loaders import create_loader
from botocore.regions import EndpointResolver
from hypothesis import given
from hypothesis import strategies as st

from guardian.ids import Slug
from guardian.kinds.base import Kind
from guardian.policy.load import slug_of
from guardian.policy.model import Mode, Rule
from guardian.stack import names
from guardian.stack.state_machine import permissions, starts_itself
from tests.unit.policies import EVERY_KIND, HUB, policy, resources, strings

LONGEST_SLUG = "s" * 24
every_kind = pytest.mark.parametrize("kind", EVERY_KIND, ids=lambda kind: kind.key)
slugs = st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,6}){0,2}", fullmatch=True).map(slug_of)


def every_region() -> Iterator[str]:
    resolver = EndpointResolver(create_loader().load_data("endpoints"))
    for partition in resolver.get_available_partitions():
        yield from resolver.get_available_endpoints("ec2", partition, allow_non_regional=False)


def title(kind: Kind) -> str:
    return "".join(part.title() for part in kind.key.split("-"))


def statements(role: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    (inline,) = role["Policies"]
    made: list[Mapping[str, Any]] = inline["PolicyDocument"]["Statement"]
    return made


def actions(role: Mapping[str, Any]) -> set[str]:
    return {action for statement in statements(role) for action in statement["Action"]}


def names_of(slug: Slug, kind: Kind) -> set[str]:
    """What a kind's rules and machine are called under a policy."""
    numbers = range(len(kind.starts))
    return {names.machine(slug, kind.key), *(names.rule(slug, kind.key, n) for n in numbers)}


@every_kind
@pytest.mark.parametrize("mode", Mode)
def test_a_kinds_role_makes_the_calls_of_its_own_machine_and_no_others(
    kind: Kind, mode: Mode
) -> None:
    governed = policy(mode=mode)
    role = resources(governed)[f"{title(kind)}Role"]
    (rule,) = (rule for rule in governed.rules if rule.kind is kind)
    wanted = {call.permission for call in permissions(rule)} | {"events:PutEvents"}
    assert actions(role) == wanted | ({"states:StartExecution"} if starts_itself(kind) else set())
    assert (kind.stop.permission in actions(role)) is (mode is Mode.STOP)


def test_only_a_machine_whose_event_tells_of_several_starts_itself_and_nothing_else() -> None:
    starting = set()
    for kind in EVERY_KIND:
        for statement in statements(resources(policy())[f"{title(kind)}Role"]):
            if statement["Action"] == ["states:StartExecution"]:
                starting.add(kind.key)
                own = names.arn("states", f"stateMachine:guardian-sandbox-{kind.key}")
                assert statement["Resource"] == {
                    "Fn::Sub": own.replace("${AWS::Partition}", HUB.partition)
                }
    assert starting == {kind.key for kind in EVERY_KIND if any(s.several for s in kind.starts)}
    assert starting


def test_a_machine_has_the_role_of_its_kind() -> None:
    made = resources(policy())
    for kind in EVERY_KIND:
        assert made[f"{title(kind)}Machine"]["RoleArn"] == {
            "Fn::GetAtt": [f"{title(kind)}Role", "Arn"]
        }


def test_events_start_the_machines_of_the_policy_each_by_itself() -> None:
    start, report = statements(resources(policy())["EventsRole"])
    assert start["Action"] == ["states:StartExecution"]
    assert start["Resource"] == [{"Ref": f"{title(kind)}Machine"} for kind in EVERY_KIND]
    assert (report["Action"], report["Resource"]) == (["events:PutEvents"], HUB.bus_arn)


def test_a_policy_that_observes_can_stop_nothing() -> None:
    stops = {kind.stop.permission for kind in EVERY_KIND}
    observing, stopping = policy(mode=Mode.OBSERVE), policy()
    assert stops.isdisjoint(strings(resources(observing, "IAM::Role")))
    assert stops <= set(strings(resources(stopping, "IAM::Role")))
    texts = [str(m["DefinitionString"]) for m in resources(observing, "StateMachine").values()]
    api = [f":{kind.stop.action[0].lower()}{kind.stop.action[1:]}" for kind in EVERY_KIND]
    assert [call for call in api for text in texts if call in text] == []


def test_rules_hand_over_the_whole_event_and_lose_none() -> None:
    for rule in resources(policy(), "Events::Rule").values():
        (target,) = rule["Targets"]
        assert {"InputTransformer", "Input", "InputPath"}.isdisjoint(target)
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}


def test_outcomes_are_forwarded_to_the_hub_once_though_two_stacks_stand_side_by_side() -> None:
    forward = resources(policy(slug="sandbox"))["Forward"]
    assert forward["Targets"][0]["Arn"] == HUB.bus_arn
    assert forward["EventPattern"]["detail"] == {"policy": ["sandbox"]}


def test_names_fit_for_the_longest_policy_every_kind_and_every_region() -> None:
    regions = [*every_region(), "ap-southeast-5", "eusc-de-east-1"]
    assert len(regions) > 30
    limits = {"StateMachineName": 80, "Name": 64, "RoleName": 64, "QueueName": 80}
    for properties in resources(policy(slug=LONGEST_SLUG)).values():
        for key, limit in limits.items():
            for name in strings(properties.get(key, [])):
                for region in regions:
                    assert len(name.replace("${AWS::Region}", region)) <= limit, name


def test_no_two_roles_of_a_policy_have_the_same_name() -> None:
    made = resources(policy(slug=LONGEST_SLUG), "IAM::Role").values()
    called = [name for role in made for name in strings(role["RoleName"])]
    assert len(called) == len(set(called)) == len(EVERY_KIND) + 1


def test_no_name_can_be_read_as_that_of_another_policy() -> None:
    """`guardian-a-b` + `c` is `guardian-a` + `b-c`: so no kind may be called as another one ends."""
    endings = [
        *(kind.key for kind in EVERY_KIND),
        *(f"{kind.key}-{n}" for kind in EVERY_KIND for n in range(1, len(kind.starts))),
        *("forward", "undelivered", "events"),
    ]
    clashes = [(a, b) for a in endings for b in endings if a.endswith(f"-{b}")]
    assert clashes == []


@given(slugs, slugs)
def test_two_policies_never_share_a_rule_a_machine_or_a_stack_set(one: Slug, other: Slug) -> None:
    if one == other:
        return
    theirs = {name for kind in EVERY_KIND for name in names_of(other, kind)}
    assert all(names_of(one, kind).isdisjoint(theirs) for kind in EVERY_KIND)
    assert names.stack_set(one) != names.stack_set(other)
    assert names.machine_role(one, "emr-session") != names.machine_role(other, "session")


def test_a_policy_called_access_does_not_take_the_stack_set_of_the_member_role() -> None:
    assert names.stack_set(Slug("access")) == "guardian--access"
    assert re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]*", names.stack_set(Slug("access")))
    others = sorted({names.stack_set(slug_of(stem)) for stem in ("access", "-access", "Access")})
    assert names.ACCESS not in others
    assert all(one != other for one, other in pairwise(others))


def test_permissions_follow_the_declaration() -> None:
    kind = EVERY_KIND[0]
    rule = Rule(kind, Mode.STOP, kind.default_grace, kind.default_idle)
    assert permissions(rule)[-1] == kind.stop
