"""Policies and a hub to render, and policy files as people write them."""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from guardian.ids import ROOT, AccountId, OuId, OuPath, Region, Slug
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from guardian.organization import Account, AccountState, Organization
from guardian.policy.hours import Hours
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
HOSTILE = [
    "${AWS::AccountId}",
    "${AWS::Partition}",
    "${AWS::Region} ${Common}",
    "${!AWS::Region}",
    "$${x} ${",
    "${ ${! ${!!x}",
    'a "quoted" word',
    "it's 'single'",
    "back\\slash \\n \\u0041 \\u0024{x}",
    "two\nlines\tand a tab",
    "%} & $error {%",
    "'; $eval('1') /* */ //",
    "😀 ünïcödé \u2028",
    "</script>{{resolve:ssm:x}}",
    "}}}},",
]
"""What people may write into a policy, and what would be something else to CloudFormation or JSONata."""
EVERY_KIND = tuple(all_kinds().values())
DEFAULT_KINDS = tuple(kind for kind in EVERY_KIND if kind.default)


def policy(
    *exempt: Exemption,
    mode: Mode = Mode.STOP,
    slug: str = "sandbox",
    kinds: tuple[Kind, ...] = EVERY_KIND,
    regions: tuple[Region, ...] = (IRELAND, VIRGINIA),
    hours: Hours | None = None,
) -> Policy:
    """A policy over these kinds with half an hour of grace, where each kind's own idle time holds."""
    half = timedelta(minutes=30)
    rules = [Rule(kind, mode, half, kind.default_idle, exempt, hours=hours) for kind in kinds]
    return Policy(Slug(slug), OuPath("/Sandbox"), f"{slug}.yaml", regions, tuple(rules))


def resources(policy: Policy, kind: str = "") -> Mapping[str, Mapping[str, Any]]:
    """The properties of what the policy's template makes, by logical id; of one type where it is named."""
    made = json.loads(template(policy, HUB))["Resources"].items()
    return {name: r["Properties"] for name, r in made if r["Type"].endswith(kind)}


def strings(value: Any) -> Iterator[str]:
    """Every text within a document; keys are none."""
    if isinstance(value, dict):
        yield from (text for item in value.values() for text in strings(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in strings(item))
    elif isinstance(value, str):
        yield value


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


def write(directory: Path, files: Mapping[str, str | bytes]) -> Path:
    """Files of any name and content; answers their directory."""
    for name, content in files.items():
        raw = content.encode() if isinstance(content, str) else content
        (directory / name).write_bytes(raw)
    return directory
