"""What holds where: policy files and an organization, turned into one policy for every governed account. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from guardian.ids import AccountId, OuPath, Region, Slug, ancestors
from guardian.kinds import all_kinds
from guardian.organization import Account, AccountState, ManagementAccount, Organization
from guardian.places import Problem
from guardian.policy.also import unmatched, unreachable
from guardian.policy.durations import spoken
from guardian.policy.inheritance import Chain, effective
from guardian.policy.locks import violations
from guardian.policy.model import ALL_ENABLED, Notify, Policy, PolicyFile, Rule
from guardian.policy.nodes import Problems
from guardian.policy.ous import missing, paths_by_name

_CLOSED = {
    AccountState.PENDING_ACTIVATION: "the account is not active yet",
    AccountState.SUSPENDED: "the account is suspended",
    AccountState.PENDING_CLOSURE: "the account is being closed",
    AccountState.CLOSED: "the account is closed",
}


@dataclass(frozen=True)
class Governance:
    """One policy per file, by slug; every account is in `policy_of` or, with the reason, in `ungoverned`.

    `regions` are those in which a governed account is governed.
    """

    policies: tuple[Policy, ...]
    policy_of: Mapping[AccountId, Slug]
    ungoverned: Mapping[AccountId, str]
    regions: Mapping[AccountId, tuple[Region, ...]]
    warnings: tuple[Problem, ...] = ()


def resolve(
    files: Iterable[PolicyFile],
    organization: Organization,
    today: date,
    notify: Notify = Notify(),  # noqa: B008 - frozen
    management: ManagementAccount = ManagementAccount.SKIP,
) -> Governance:
    """What the files mean in this organization; `notify` is what holds where no file says where digests go.

    `management` says whether they hold for the management account too.
    Raises InputError for an OU that is not there, two files for one OU, a policy without regions, a loosened lock,
    an event bus that no event reaches.
    """
    problems = Problems()
    placed = _placed(files, organization, problems)
    by_slug = sorted(placed, key=lambda ou: placed[ou].slug)
    chains = {ou: _chain(ou, placed) for ou in by_slug}
    for ou, chain in chains.items():
        _check(ou, chain, notify, problems)
    problems.refuse()
    policies = {chain[-1].slug: effective(ou, chain, notify) for ou, chain in chains.items()}
    spared = organization.management_account if management is ManagementAccount.SKIP else None
    fates = {a.id: _fate(a, spared, placed) for a in organization.accounts}
    policy_of = {a: fate.slug for a, fate in fates.items() if isinstance(fate, PolicyFile)}
    return Governance(
        policies=tuple(policies.values()),
        policy_of=policy_of,
        ungoverned={a: fate for a, fate in fates.items() if isinstance(fate, str)},
        warnings=tuple(
            w for c in chains.values() for w in _warnings(c[-1], policies[c[-1].slug], today)
        ),
        regions={a: _regions(policies[slug], a, organization) for a, slug in policy_of.items()},
    )


def chain_of(ou: OuPath, files: Iterable[PolicyFile], organization: Organization) -> Chain:
    """The files that speak for an OU, from the root down. Raises InputError for an OU that is not there."""
    problems = Problems()
    placed = _placed(files, organization, problems)
    problems.refuse()
    return _chain(ou, placed)


def _chain(ou: OuPath, placed: Mapping[OuPath, PolicyFile]) -> Chain:
    return tuple(placed[path] for path in ancestors(ou) if path in placed)


def _placed(
    files: Iterable[PolicyFile], organization: Organization, problems: Problems
) -> dict[OuPath, PolicyFile]:
    by_name = paths_by_name(organization)
    placed: dict[OuPath, PolicyFile] = {}
    for file in sorted(files, key=lambda file: file.file):
        problem = missing(file, by_name)
        ou = by_name.get(file.ou)
        if problem is not None:
            problems.add(problem.at, problem.message)
        elif ou in placed:
            message = f"the OU {ou} has a policy already: {placed[ou].file}"
            problems.add(file.ou_position, message)
        elif ou is not None:
            placed[ou] = file
    return placed


def _check(ou: OuPath, chain: Chain, notify: Notify, problems: Problems) -> None:
    file = chain[-1]
    if all(each.regions is None for each in chain):
        message = "no regions: neither this policy nor one above it names any"
        problems.add(file.ou_position, message)
    for problem in (*violations(ou, chain, notify), *unreachable(chain)):
        problems.add(problem.at, problem.message)


def _fate(
    account: Account, spared: AccountId | None, placed: Mapping[OuPath, PolicyFile]
) -> PolicyFile | str:
    if account.id == spared:
        return "it is the management account, which service-managed stack sets never reach"
    if account.state is not AccountState.ACTIVE:
        return _CLOSED[account.state]
    above = _chain(account.ou, placed)
    return above[-1] if above else f"no policy for {account.ou} or an OU above it"


def _regions(policy: Policy, account: AccountId, organization: Organization) -> tuple[Region, ...]:
    """Where nobody knows which regions an account has enabled, those that are named are taken to be."""
    enabled = organization.regions_of(account)
    if ALL_ENABLED in policy.regions:
        return tuple(sorted(enabled))
    known = account in organization.enabled
    return tuple(r for r in policy.regions if not known or r in enabled)


def _warnings(file: PolicyFile, policy: Policy, today: date) -> Iterator[Problem]:
    yield from _expired(file, today)
    yield from _pointless(file)
    yield from unmatched(file, policy)
    for rule in policy.rules:
        yield from _ages(file, rule)


def _expired(file: PolicyFile, today: date) -> Iterator[Problem]:
    for index, exempt in enumerate(file.exempt):
        if exempt.expires and exempt.expires <= today:
            name = f"exempt[{index}]"
            at = file.positions.get(f"{name}.expires", file.ou_position)
            owner = f"; its owner is {exempt.owner}" if exempt.owner else ""
            yield Problem(at, f"{name}: expired on {exempt.expires} and exempts nothing{owner}")


def _pointless(file: PolicyFile) -> Iterator[Problem]:
    for key, said in file.kinds.items():
        kind = all_kinds()[key]
        if kind.ends_itself is None or said.grace is None or said.grace < kind.ends_itself:
            continue
        name = f"kinds.{key}.grace"
        message = f"{spoken(said.grace)} is pointless: by default a {kind.title} ends by itself"
        yield Problem(
            file.positions.get(name, file.ou_position),
            f"{name}: {message} after {spoken(kind.ends_itself)}",
        )


def _ages(file: PolicyFile, rule: Rule) -> Iterator[Problem]:
    """Where a file says a `max_age` that changes nothing or cuts the grace short, or a grace that makes it so."""
    name = f"kinds.{rule.kind.key}"
    places = (file.positions.get(f"{name}.{key}") for key in ("max_age", "grace"))
    place = next(filter(None, places), None)
    if place is None or rule.max_age is None:
        return
    grace = f"its grace of {spoken(rule.grace)}"
    if rule.idle is None and rule.max_age >= rule.grace:
        odd = f"says nothing: {grace} is over by then"
    elif rule.max_age <= rule.grace:
        odd = f"comes {'before' if rule.max_age < rule.grace else 'with'} the end of {grace}"
    else:
        return
    yield Problem(place, f"{name}.max_age: {spoken(rule.max_age)} {odd}")
