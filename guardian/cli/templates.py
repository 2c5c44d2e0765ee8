"""Commands that show what goes into the accounts: the templates, and what the roles in them may do."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import yaml

from guardian.app import hub_of, open_configuration, open_guardian
from guardian.cli.options import HERE, Config, Snapshot
from guardian.cli.printing import print_json, print_line
from guardian.configuration import World
from guardian.errors import InputError
from guardian.kinds import all_kinds
from guardian.policy.model import Mode, Policy, Rule
from guardian.settings import Settings, load_settings
from guardian.stack import grants
from guardian.stack.access import access_template
from guardian.stack.names import Hub
from guardian.stack.template import template
from guardian.terminal import roles


class Language(StrEnum):
    JSON = "json"
    YAML = "yaml"


class Shape(StrEnum):
    TEXT = "text"
    JSON = "json"


def render(
    config: Config = HERE,
    organization: Snapshot = None,
    policy: Annotated[str, typer.Option(help="The template of this policy, by its name.")] = "",
    account: Annotated[
        str, typer.Option(help="That of the policy that governs this account, by its id.")
    ] = "",
    access: Annotated[
        bool, typer.Option("--access", help="That of the member role, which goes out first.")
    ] = False,
    form: Annotated[
        Language, typer.Option("--format", help="JSON as it is deployed, or YAML to read.")
    ] = Language.JSON,
) -> None:
    """Print the CloudFormation template that a policy's accounts get. Nothing is deployed."""
    if sum(map(bool, (policy, account, access))) != 1:
        raise InputError("say one of --policy NAME, --account ID and --access")
    world, settings = _world(config, organization)
    hub = hub_of(settings, world.organization)
    text = _access(world, hub) if access else template(_chosen(world, policy, account), hub)
    if form is Language.YAML:
        text = yaml.safe_dump(json.loads(text), allow_unicode=True, sort_keys=False, width=110)
    print_line(text.rstrip("\n"))


def iam(
    config: Annotated[
        Path | None,
        typer.Option(
            help="Only the kinds that the policies of this directory govern; else all kinds.",
            show_default=False,
        ),
    ] = None,
    organization: Snapshot = None,
    form: Annotated[
        Shape, typer.Option("--format", help="Text for people, IAM policies for programs.")
    ] = Shape.TEXT,
) -> None:
    """Say what guardian's roles in the accounts may do, and what for. Without --config no AWS is asked."""
    name, rules = "guardian-member", _every_rule()
    if config or organization:
        world, settings = _world(config or HERE, organization)
        name = settings.member_role
        rules = tuple(rule for policy in _governing(world) for rule in policy.rules)
    made = (grants.member_role(name, rules), *grants.stoppers(rules))
    if form is Shape.JSON:
        print_json([grants.document(role) for role in made])
    else:
        for line in roles.lines(made):
            print_line(line)


def _world(config: Path, snapshot: Path | None) -> tuple[World, Settings]:
    """With a snapshot nothing else is opened: no journal, no AWS."""
    if snapshot:
        return open_configuration(config).world(snapshot), load_settings(config, os.environ)
    guardian = open_guardian(config)
    return guardian.world(), guardian.settings


def _chosen(world: World, policy: str, account: str) -> Policy:
    if account:
        policy = _governing_policy(world, account)
    by_slug = {str(each.slug): each for each in world.governance.policies}
    if policy not in by_slug:
        raise InputError(f"there is no policy {policy}; there are {', '.join(sorted(by_slug))}")
    return by_slug[policy]


def _governing_policy(world: World, account: str) -> str:
    governed = {str(known): str(slug) for known, slug in world.governance.policy_of.items()}
    ungoverned = {str(known): why for known, why in world.governance.ungoverned.items()}
    if account not in governed:
        why = ungoverned.get(account, "it is not in the organization")
        raise InputError(f"account {account} is not governed: {why}")
    return governed[account]


def _access(world: World, hub: Hub) -> str:
    return access_template(_governing(world), hub)


def _governing(world: World) -> tuple[Policy, ...]:
    """The policies that govern any account."""
    speaking = set(world.governance.policy_of.values())
    return tuple(policy for policy in world.governance.policies if policy.slug in speaking)


def _every_rule() -> tuple[Rule, ...]:
    kinds = all_kinds().values()
    return tuple(Rule(kind, Mode.STOP, kind.default_grace, kind.default_idle) for kind in kinds)
