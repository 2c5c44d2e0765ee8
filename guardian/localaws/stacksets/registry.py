"""Which stack sets there are, and who may see them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from guardian.localaws.stacksets.errors import StackSetNotFound, ValidationError
from guardian.localaws.stacksets.model import StackSet
from guardian.localaws.stacksets.organization import Organization, organization_of


@dataclass(frozen=True)
class Call:
    """A call of the API: who called, in which region, with what."""

    account: str
    region: str
    parameters: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.parameters.get(name)

    @property
    def as_delegated_administrator(self) -> bool:
        return self["CallAs"] == "DELEGATED_ADMIN"


@dataclass
class Registry:
    """Every stack set; a service-managed one lives in the management account whoever made it."""

    sets: list[StackSet] = field(default_factory=list)

    def visible(self, call: Call) -> Iterable[StackSet]:
        """The caller's stack sets, the deleted ones too. Raises ValidationError."""
        home = home_of(call)
        for stack_set in self.sets:
            at_home = (stack_set.account, stack_set.region) == (home, call.region)
            if at_home and (stack_set.service_managed or not call.as_delegated_administrator):
                yield stack_set

    def find(self, call: Call) -> StackSet:
        """The set that `StackSetName` names. Raises StackSetNotFound, ValidationError."""
        name = call["StackSetName"]
        for stack_set in self.visible(call):
            if name in (stack_set.name, stack_set.id) and stack_set.status == "ACTIVE":
                return stack_set
        raise StackSetNotFound(name)


def home_of(call: Call) -> str:
    """The account whose stack sets the caller works on. Raises ValidationError."""
    if not call.as_delegated_administrator:
        return call.account
    organization = organization_of(call.account)
    if organization is None or not organization.is_delegated_administrator(call.account):
        raise ValidationError("Account used is not a delegated administrator")
    return organization.management_account


def administered_organization(call: Call) -> Organization:
    """The organization the caller may deploy service-managed sets in. Raises ValidationError."""
    organization = organization_of(home_of(call))
    if organization is None or organization.management_account != home_of(call):
        raise ValidationError(
            "You must be the management account or delegated admin account of an organization "
            "before operating a SERVICE_MANAGED stack set"
        )
    if not organization.trusts_stack_sets:
        raise ValidationError(
            "You must enable organizations access to operate a service managed stack set"
        )
    return organization
