"""What guardian's roles may do in a governed account, and what for: as people ask about it before they let it in. Pure.

The permissions are those of the templates, out of the same declarations; here they are sorted by what they are for.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from guardian.documents import Document, Json
from guardian.ids import Slug
from guardian.kinds.base import Call
from guardian.policy.model import Mode, Rule
from guardian.stack import iam, names
from guardian.stack.access import MEND, PROBE, WHO_STARTED
from guardian.stack.state_machine import permissions, starts_itself


class Purpose(Enum):
    """What a permission is for; its name is the statement's id."""

    Find = "find what runs and no event announced"
    Look = "see its state, tags, age and whether it is idle"
    Stop = "stop what is due"
    Keep = "keep something alive, by the tag guardian:keep-until and no other"
    Starter = "find out who started something"
    Probe = "see whether guardian's own things are as deployed, and a trail logs"
    Mend = "put those right again"
    Report = "report what happened, on the account's own event bus"
    Each = "give each of several things that one event tells of an execution of its own"


@dataclass(frozen=True)
class Grant:
    """Actions on one resource, what for, and for which kinds; for guardian itself where none is named."""

    purpose: Purpose
    actions: tuple[str, ...]
    resource: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role:
    """A role by its name, `*` standing for what differs from policy to policy and from region to region.

    In the resources `*` stands for the account and its regions too: a role reaches things of its own account only.
    """

    name: str
    used_by: str
    grants: tuple[Grant, ...]


_Need = tuple[Purpose, Call, str]
"""What a call is for, the call, and the kind it is made for."""


def member_role(name: str, rules: Iterable[Rule], partition: str = "aws") -> Role:
    """What guardian itself may do in an account that such rules govern."""
    needs = [need for rule in rules for need in _sweeping(rule)]
    needs += [(Purpose.Starter, WHO_STARTED, "")]
    needs += [(Purpose.Probe, call, "") for call in PROBE]
    needs += [(Purpose.Mend, call, "") for call in MEND]
    return Role(name, "guardian itself: the sweep, and repairs", _grants(needs, partition))


def stoppers(rules: Iterable[Rule], partition: str = "aws") -> tuple[Role, ...]:
    """What the state machines of each kind may do."""
    by_kind: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        by_kind[rule.kind.key].append(rule)
    return tuple(_stopper(kind, by_kind[kind], partition) for kind in sorted(by_kind))


def document(role: Role) -> Document:
    """The role as JSON, with an IAM policy."""
    numbers: dict[Purpose, int] = defaultdict(int)
    statements: list[Json] = []
    for grant in role.grants:
        numbers[grant.purpose] += 1
        statements.append(
            {
                "Sid": f"{grant.purpose.name}{numbers[grant.purpose]}",
                "Effect": "Allow",
                "Action": list(grant.actions),
                "Resource": grant.resource,
                **({"Condition": iam.ONLY_KEEP} if grant.purpose is Purpose.Keep else {}),
            }
        )
    policy: Json = {"Version": "2012-10-17", "Statement": statements}
    return {"role": role.name, "used_by": role.used_by, "policy": policy}


def _stopper(kind: str, rules: Sequence[Rule], partition: str) -> Role:
    needs = [(purpose, call, "") for rule in rules for purpose, call, _ in _watching(rule)]
    bus = "arn:{partition}:events:{region}:{account}:event-bus/default"
    needs.append((Purpose.Report, Call("events", "PutEvents", {}, bus), ""))
    if starts_itself(rules[0].kind):
        own = f"arn:{{partition}}:states:{{region}}:{{account}}:stateMachine:{names.machine(Slug('*'), kind)}"
        start = Call("stepfunctions", "StartExecution", {}, own, "states")
        needs.append((Purpose.Each, start, ""))
    name = names.machine_role(Slug("*"), kind).replace("${AWS::Region}", "*")
    return Role(name, f"the state machines of {kind}", _grants(needs, partition))


def _sweeping(rule: Rule) -> Iterator[_Need]:
    watching = tuple(_watching(rule))
    known = [call for _, call, _ in watching]
    yield from watching
    for call in _listings(rule):
        if call not in known:
            yield Purpose.Find, call, rule.kind.key
    if rule.kind.keep and rule.mode is Mode.STOP:
        yield Purpose.Keep, rule.kind.keep, rule.kind.key


def _listings(rule: Rule) -> Iterator[Call]:
    listing = rule.kind.listing
    yield listing.call
    while listing.within is not None:
        listing = listing.within
        yield listing.call


def _watching(rule: Rule) -> Iterator[_Need]:
    for call in permissions(rule):
        purpose = Purpose.Stop if call == rule.kind.stop else Purpose.Look
        yield purpose, call, rule.kind.key


def _grants(needs: Iterable[_Need], partition: str) -> tuple[Grant, ...]:
    """One for each purpose and resource, in the order of the purposes."""
    actions: dict[tuple[Purpose, str], set[str]] = defaultdict(set)
    kinds: dict[tuple[Purpose, str], set[str]] = defaultdict(set)
    values = {"partition": partition, "region": "*", "account": "*"}
    for purpose, call, kind in needs:
        key = purpose, _filled(call.resource, values)
        actions[key].add(call.permission)
        kinds[key] |= {kind} if kind else set()
    order = list(Purpose)
    return tuple(
        Grant(
            purpose,
            tuple(sorted(actions[purpose, resource])),
            resource,
            tuple(sorted(kinds[purpose, resource])),
        )
        for purpose, resource in sorted(actions, key=lambda key: (order.index(key[0]), key[1]))
    )


def _filled(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values[found.group(1)], template)
