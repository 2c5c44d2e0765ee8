"""The actions on trusted access, and where new accounts get stacks by themselves."""

from guardian.localaws.stacksets.errors import InvalidOperation
from guardian.localaws.stacksets.organization import Organization, organization_of
from guardian.localaws.stacksets.registry import Call, home_of
from guardian.localaws.stacksets.service import Answer, Service, page


def activate_organizations_access(_: Service, call: Call) -> Answer:
    _managed_by(call).trust_stack_sets()
    return {}


def deactivate_organizations_access(_: Service, call: Call) -> Answer:
    _managed_by(call).distrust_stack_sets()
    return {}


def describe_organizations_access(_: Service, call: Call) -> Answer:
    organization = organization_of(home_of(call))
    if organization is None:
        raise InvalidOperation("The account is not in an organization")
    return {"Status": "ENABLED" if organization.trusts_stack_sets else "DISABLED"}


def _managed_by(call: Call) -> Organization:
    organization = organization_of(call.account)
    if organization is None or organization.management_account != call.account:
        raise InvalidOperation("Only the management account can do this")
    return organization


def list_stack_set_auto_deployment_targets(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    rows = [
        {"OrganizationalUnitId": unit, "Regions": sorted(regions)}
        for unit, regions in stack_set.unit_regions.items()
    ]
    return page(call, "Summaries", rows)


ACTIONS = (
    activate_organizations_access,
    deactivate_organizations_access,
    describe_organizations_access,
    list_stack_set_auto_deployment_targets,
)
