"""Why an account has the policy it has: every setting with its value and the place it comes from. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from guardian.ids import AccountId, OuPath, Region, Slug
from guardian.organization import Account, Organization
from guardian.places import Position
from guardian.policy.inheritance import Chain, settings, source
from guardian.policy.model import Policy, PolicyFile
from guardian.policy.resolve import Governance, chain_of
from guardian.policy.words import also_words, exemption_reason, said

BUILT_IN = "default of the kind"
UNSAID = "default"
FROM_SETTINGS = "guardian.yaml or a default"


@dataclass(frozen=True)
class Said:
    """One setting that holds, by its dotted name; `source` is a place in a file, or says that it is a default."""

    setting: str
    value: str
    source: Position | str


@dataclass(frozen=True)
class Explanation:
    """Of one account. `files` are those that speak for it, from the root down; an ungoverned one has a `reason`.

    `regions` are those that it is governed in; `narrowed` where these are not those that the policy names, `assumed`
    where besides nobody asked which regions the account has enabled.
    """

    account: AccountId
    name: str
    ou: OuPath
    policy: Slug | None
    reason: str
    files: tuple[str, ...] = ()
    settings: tuple[Said, ...] = ()
    regions: tuple[Region, ...] = ()
    narrowed: bool = False
    assumed: bool = False


def explain(
    account: Account,
    files: Iterable[PolicyFile],
    organization: Organization,
    governance: Governance,
) -> Explanation:
    """What holds for an account and who said so."""
    slug = governance.policy_of.get(account.id)
    reason = governance.ungoverned.get(account.id, "")
    if slug is None:
        return Explanation(account.id, account.name, account.ou, None, reason)
    policy = next(policy for policy in governance.policies if policy.slug == slug)
    chain = chain_of(account.ou, files, organization)
    regions = governance.regions[account.id]
    narrowed = regions != policy.regions
    return Explanation(
        account=account.id,
        name=account.name,
        ou=account.ou,
        policy=slug,
        reason="",
        files=tuple(file.file for file in chain),
        settings=tuple(_settings(policy, chain)),
        regions=regions,
        narrowed=narrowed,
        assumed=narrowed and account.id not in organization.enabled,
    )


def _settings(policy: Policy, chain: Chain) -> Iterator[Said]:
    for name, value in settings(policy).items():
        if name == "exempt":
            yield from _exemptions(chain)
        elif name == "also":
            yield from _also(chain)
        elif value is not None:
            yield Said(name, said(value), source(name, chain) or _default(name))


def _default(name: str) -> str:
    if name in {"notify.warn_before", "notify.max_keep"}:
        return UNSAID
    if name.startswith("notify."):
        return FROM_SETTINGS
    return BUILT_IN if name.endswith((".grace", ".idle")) else UNSAID


def _exemptions(chain: Chain) -> Iterator[Said]:
    for file in chain:
        for number, exempt in enumerate(file.exempt):
            until = f" until {exempt.expires}" if exempt.expires else ""
            place = file.positions[f"exempt[{number}]"]
            yield Said(f"exempt[{number}]", exemption_reason(exempt) + until, place)


def _also(chain: Chain) -> Iterator[Said]:
    for file in chain:
        for number, also in enumerate(file.also):
            name = f"also[{number}]"
            yield Said(name, also_words(also), file.positions[name])
