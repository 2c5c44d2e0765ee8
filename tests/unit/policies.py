"""Policies and a hub to render."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from guardian.ids import AccountId, OuPath, Region, Slug
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from guardian.policy.model import Exemption, Mode, Policy, Rule
from guardian.stack.names import Hub
from guardian.stack.template import template

IRELAND, VIRGINIA = Region("eu-west-1"), Region("us-east-1")
HUB = Hub(
    account=AccountId("999999999999"),
    bus_arn="arn:aws:events:eu-west-1:999999999999:event-bus/guardian",
    principal="arn:aws:iam::999999999999:role/guardian",
    organization="o-exampleorgid",
)


def policy(
    *exempt: Exemption,
    mode: Mode = Mode.STOP,
    slug: str = "sandbox",
    kinds: tuple[Kind, ...] = tuple(all_kinds().values()),
    regions: tuple[Region, ...] = (IRELAND, VIRGINIA),
) -> Policy:
    """A policy over these kinds with half an hour of grace, where each kind's own idle time holds."""
    rules = [Rule(kind, mode, timedelta(minutes=30), kind.default_idle, exempt) for kind in kinds]
    return Policy(Slug(slug), OuPath("/Sandbox"), f"{slug}.yaml", regions, tuple(rules))


def resources(policy: Policy, kind: str = "") -> Mapping[str, Mapping[str, Any]]:
    """The properties of what the policy's template makes, by logical id; of one type where it is named."""
    made = json.loads(template(policy, HUB))["Resources"].items()
    return {name: r["Properties"] for name, r in made if r["Type"].endswith(kind)}
