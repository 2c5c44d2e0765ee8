"""Automatic deployment: an account that comes, moves or leaves gets or loses its stacks."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from moto.organizations.models import OrganizationsBackend

from guardian.localaws.stacksets.instances import add_instances
from guardian.localaws.stacksets.model import Operation, Place, StackSet, Target
from guardian.localaws.stacksets.operations import Job
from guardian.localaws.stacksets.organization import Organization
from guardian.localaws.stacksets.places import deploy, remove
from guardian.localaws.stacksets.preferences import Preferences
from guardian.localaws.stacksets.service import Service

CHANGES = ("create_account", "move_account", "remove_account_from_organization")


def install(service: Service) -> None:
    """Follow the accounts of every organization."""
    for name in CHANGES:
        setattr(
            OrganizationsBackend, name, _followed(service, getattr(OrganizationsBackend, name))
        )


def _followed(service: Service, change: Any) -> Any:
    def follow(backend: Any, **asked: str) -> Any:
        answer = change(backend, **asked)
        account = asked.get("AccountId") or answer["CreateAccountStatus"].get("AccountId")
        if account is not None:
            settle(service, Organization(backend.account_id, backend), account)
        return answer

    return follow


def settle(service: Service, organization: Organization, account: str) -> None:
    """Deploy to `account` what the units above it call for, and remove what they do not."""
    for stack_set in list(service.registry.sets):
        at_home = stack_set.account == organization.management_account
        if at_home and stack_set.status == "ACTIVE" and stack_set.auto_deployment.enabled:
            _settle_set(service, stack_set, _wanted(stack_set, organization, account), account)


def _wanted(
    stack_set: StackSet, organization: Organization, account: str
) -> Mapping[Place, Target]:
    wanted: dict[Place, Target] = {}
    for unit in organization.units_of(account):
        for region in stack_set.unit_regions.get(unit, ()):
            wanted.setdefault(Place(account, region), Target(account, region, unit))
    return wanted


def _settle_set(
    service: Service, stack_set: StackSet, wanted: Mapping[Place, Target], account: str
) -> None:
    with service.operations.lock:
        present = {p: i.target for p, i in stack_set.instances.items() if p.account == account}
    leaving = [target for target in present.values() if wanted.get(target.place) != target]
    coming = [target for target in wanted.values() if present.get(target.place) != target]
    if leaving:
        operation = _operation(service, "DELETE", leaving)
        operation.retain_stacks = stack_set.auto_deployment.retain_stacks
        job = Job(operation, lambda: None, service.faulty(remove))
        service.operations.submit(stack_set, job, queue=True)
    if coming:
        job = Job(
            _operation(service, "CREATE", coming),
            lambda: add_instances(stack_set, coming),
            service.faulty(deploy),
        )
        service.operations.submit(stack_set, job, queue=True)


def _operation(service: Service, action: str, targets: Iterable[Target]) -> Operation:
    return Operation(
        id=str(uuid4()),
        action=action,
        targets=list(targets),
        created_at=service.world.clock.now(),
        preferences=Preferences.of_automatic_deployment(),
    )
