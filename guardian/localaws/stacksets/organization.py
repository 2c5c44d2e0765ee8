"""The organization as StackSets sees it: who is in which unit, and who may administer stack sets."""

from dataclasses import dataclass
from typing import Any

from moto.organizations.models import organizations_backends

SERVICE_PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"


@dataclass(frozen=True)
class Organization:
    """A view of moto's organization; it always shows the present state."""

    management_account: str
    backend: Any

    def units_of(self, account: str) -> list[str]:
        """The units above `account`, nearest first, the root last; none for a stranger."""
        parents = {unit.id: unit.parent_id for unit in self.backend.ou}
        unit = next((a.parent_id for a in self.backend.accounts if a.id == account), None)
        units: list[str] = []
        while unit is not None:
            units.append(unit)
            unit = parents.get(unit)
        return units

    def accounts_under(self, unit: str) -> list[str]:
        """The member accounts in `unit` or below it, never the management account."""
        below = {unit}
        for child in self._outermost_first():
            if child.parent_id in below:
                below.add(child.id)
        return [
            account.id
            for account in self.backend.accounts
            if account.parent_id in below and account.id != self.management_account
        ]

    def has_unit(self, unit: str) -> bool:
        return any(known.id == unit for known in self.backend.ou)

    def suspended(self, account: str) -> bool:
        return any(a.id == account and a.status == "SUSPENDED" for a in self.backend.accounts)

    @property
    def trusts_stack_sets(self) -> bool:
        return any(s["ServicePrincipal"] == SERVICE_PRINCIPAL for s in self.backend.services)

    def trust_stack_sets(self) -> None:
        self.backend.enable_aws_service_access(ServicePrincipal=SERVICE_PRINCIPAL)

    def distrust_stack_sets(self) -> None:
        self.backend.disable_aws_service_access(ServicePrincipal=SERVICE_PRINCIPAL)

    def is_delegated_administrator(self, account: str) -> bool:
        return any(
            admin.account.id == account and SERVICE_PRINCIPAL in admin.services
            for admin in self.backend.admins
        )

    def _outermost_first(self) -> list[Any]:
        parents = {unit.id: unit.parent_id for unit in self.backend.ou}

        def depth(unit: str | None) -> int:
            return 0 if unit is None else 1 + depth(parents.get(unit))

        return sorted(self.backend.ou, key=lambda unit: depth(unit.id))


def organization_of(account: str) -> Organization | None:
    """The organization that `account` is in; None when it is in none."""
    management, partition = organizations_backends.master_accounts.get(account, (account, "aws"))
    backend = organizations_backends[management][partition]
    if backend.org is None:
        return None
    return Organization(management, backend)
