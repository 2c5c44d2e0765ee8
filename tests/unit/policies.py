"""Policies and a hub to render, and policy files as people write them."""

import json
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from guardian.ids import ROOT, AccountId, OuId, OuPath, Region, Slug
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from guardian.organization import Account, AccountState, Organization
from guardian.policy.load import load_policies
from guardian.policy.model import Exemption, Mode, Policy, PolicyFile, Rule
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


def tree(ous: Collection[str], *accounts: Account) -> Organization:
    """An organization of these OUs; without accounts named, with an active one in each."""
    paths = [ROOT, *(OuPath(ou) for ou in ous if ou != ROOT)]
    each = [
        Account(AccountId(f"{number:012}"), path.strip("/") or "root", AccountState.ACTIVE, path)
        for number, path in enumerate(paths, 1)
    ]
    ids = {path: OuId(f"ou-ab12-{number:08}") for number, path in enumerate(paths)}
    return Organization(HUB.organization, HUB.account, ids, accounts or tuple(each))


def written(directory: Path, texts: Mapping[str, str]) -> tuple[PolicyFile, ...]:
    """Policies of these texts, by name, loaded out of a directory of their own."""
    for name, text in texts.items():
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_policies(directory)
