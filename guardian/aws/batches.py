"""Targets as StackSets takes them: accounts times regions of some OUs, at most fifty OUs a call. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from guardian.ids import AccountId, OuId, Region, Target

MAX_OUS = 50


@dataclass(frozen=True)
class Batch:
    """Every one of the accounts in every one of the regions."""

    ous: tuple[OuId, ...]
    accounts: tuple[AccountId, ...]
    regions: tuple[Region, ...]

    @property
    def targets(self) -> frozenset[Target]:
        return frozenset(Target(a, r) for a in self.accounts for r in self.regions)

    def arguments(self) -> dict[str, object]:
        """As the API takes it. Of the OUs, and all below them, only the accounts named."""
        return {
            "Regions": list(self.regions),
            "DeploymentTargets": {
                "OrganizationalUnitIds": list(self.ous),
                "Accounts": list(self.accounts),
                "AccountFilterType": "INTERSECTION",
            },
        }


def batches(targets: Iterable[Target], ou_of: Mapping[AccountId, OuId]) -> Iterator[Batch]:
    """Exactly the targets in as few batches as accounts with the same regions allow."""
    regions_of: defaultdict[AccountId, set[Region]] = defaultdict(set)
    for target in targets:
        regions_of[target.account].add(target.region)
    alike: defaultdict[tuple[Region, ...], list[AccountId]] = defaultdict(list)
    for account, regions in sorted(regions_of.items()):
        alike[tuple(sorted(regions))].append(account)
    for regions_alike, accounts in sorted(alike.items()):
        yield from _by_ou(accounts, regions_alike, ou_of)


def _by_ou(
    accounts: Sequence[AccountId], regions: tuple[Region, ...], ou_of: Mapping[AccountId, OuId]
) -> Iterator[Batch]:
    ous = sorted({ou_of[account] for account in accounts})
    for first in range(0, len(ous), MAX_OUS):
        chosen = ous[first : first + MAX_OUS]
        within = tuple(account for account in accounts if ou_of[account] in chosen)
        yield Batch(tuple(chosen), within, regions)
