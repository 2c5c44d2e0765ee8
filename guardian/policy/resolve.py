"""What holds where: policy files and an organization, turned into one policy for every governed account. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from guardian.ids import AccountId, OuPath, Slug, ancestors
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from guardian.organization import Account, AccountState, Organization
from guardian.policy.model import Mode, Notify, Policy, PolicyFile, Rule
from guardian.policy.nearest import hint
from guardian.policy.nodes import Problems

T = TypeVar("T")
Chain = Sequence[PolicyFile]
"""The files that speak for an OU, from the root down."""

_CLOSED = {
    AccountState.PENDING_ACTIVATION: "the account is not active yet",
    AccountState.SUSPENDED: "the account is suspended",
    AccountState.PENDING_CLOSURE: "the account is being closed",
    AccountState.CLOSED: "the account is closed",
}


@dataclass(frozen=True)
class Governance:
    """One policy per file, by slug; every account is in `policy_of` or, with the reason, in `ungoverned`.

    `warnings` are one line each, with file, line and column.
    """

    policies: tuple[Policy, ...]
    policy_of: Mapping[AccountId, Slug]
    ungoverned: Mapping[AccountId, str]
    warnings: tuple[str, ...] = ()


def resolve(
    files: Iterable[PolicyFile],
    organization: Organization,
    today: date,
    notify: Notify = Notify(),  # noqa: B008 - frozen
) -> Governance:
    """What the files mean in this organization; `notify` is what holds where no file says where digests go.

    Raises InputError for an OU that is not there, two files for one OU, a policy without regions.
    """
    problems = Problems()
    placed = _placed(files, organization, problems)
    by_slug = sorted(placed, key=lambda ou: placed[ou].slug)
    chains = {ou: [placed[p] for p in ancestors(ou) if p in placed] for ou in by_slug}
    policies = [_policy(ou, chain, notify, problems) for ou, chain in chains.items()]
    problems.refuse()
    fates = {a.id: _fate(a, organization, placed) for a in organization.accounts}
    return Governance(
        policies=tuple(policies),
        policy_of={a: fate.slug for a, fate in fates.items() if isinstance(fate, PolicyFile)},
        ungoverned={a: fate for a, fate in fates.items() if isinstance(fate, str)},
        warnings=tuple(w for ou in by_slug for w in _expired(placed[ou], today)),
    )


def chain_of(
    ou: OuPath, files: Iterable[PolicyFile], organization: Organization
) -> tuple[PolicyFile, ...]:
    """The files that speak for an OU, from the root down. Raises InputError for an OU that is not there."""
    problems = Problems()
    placed = _placed(files, organization, problems)
    problems.refuse()
    return tuple(placed[path] for path in ancestors(ou) if path in placed)


def _placed(
    files: Iterable[PolicyFile], organization: Organization, problems: Problems
) -> dict[OuPath, PolicyFile]:
    paths = {str(path): path for path in organization.ous}
    by_name = paths | {str(ou): path for path, ou in organization.ous.items()}
    placed: dict[OuPath, PolicyFile] = {}
    for file in sorted(files, key=lambda file: file.file):
        ou = by_name.get(file.ou)
        if ou is None:
            near = hint(file.ou, paths if file.ou.startswith("/") else by_name)
            problems.add(file.ou_position, f"there is no OU {file.ou}{near}")
        elif ou in placed:
            message = f"the OU {ou} has a policy already: {placed[ou].file}"
            problems.add(file.ou_position, message)
        else:
            placed[ou] = file
    return placed


def _nearest(chain: Chain, of: Callable[[PolicyFile], T | None]) -> T | None:
    return next((said for file in reversed(chain) if (said := of(file)) is not None), None)


def _policy(ou: OuPath, chain: Chain, notify: Notify, problems: Problems) -> Policy:
    file = chain[-1]
    regions = _nearest(chain, lambda f: f.regions)
    if regions is None:
        message = "no regions: neither this policy nor one above it names any"
        problems.add(file.ou_position, message)
    named = {key for f in chain for key in f.kinds}
    kinds = [kind for key, kind in all_kinds().items() if key in named or not named]
    return Policy(
        slug=file.slug,
        ou=ou,
        file=file.file,
        regions=tuple(sorted(regions or ())),
        rules=tuple(_rule(kind, chain) for kind in kinds),
        notify=_notify(chain, notify),
    )


def _rule(kind: Kind, chain: Chain) -> Rule:
    said = [file.kinds[kind.key] for file in reversed(chain) if kind.key in file.kinds]
    graces = (settings.grace for settings in said if settings.grace is not None)
    idles = (settings.idle for settings in said if settings.idle is not None)
    return Rule(
        kind=kind,
        mode=_nearest(chain, lambda file: _mode(file, kind)) or Mode.OBSERVE,
        grace=next(graces, kind.default_grace),
        idle=next(idles, kind.default_idle),
        exempt=tuple(exempt for file in chain for exempt in file.exempt),
    )


def _mode(file: PolicyFile, kind: Kind) -> Mode | None:
    own = file.kinds[kind.key].mode if kind.key in file.kinds else None
    return own or file.mode


def _notify(chain: Chain, default: Notify) -> Notify:
    return Notify(
        channel=_nearest(chain, lambda f: f.notify.channel) or default.channel,
        digest=_nearest(chain, lambda f: f.notify.digest) or default.digest,
        timezone=_nearest(chain, lambda f: f.notify.timezone) or default.timezone,
    )


def _fate(
    account: Account, organization: Organization, placed: Mapping[OuPath, PolicyFile]
) -> PolicyFile | str:
    if account.id == organization.management_account:
        return "it is the management account, which service-managed stack sets never reach"
    if account.state is not AccountState.ACTIVE:
        return _CLOSED[account.state]
    above = [placed[path] for path in ancestors(account.ou) if path in placed]
    return above[-1] if above else f"no policy for {account.ou} or an OU above it"


def _expired(file: PolicyFile, today: date) -> Iterable[str]:
    for index, exempt in enumerate(file.exempt):
        if exempt.expires and exempt.expires <= today:
            name = f"exempt[{index}]"
            at = file.positions.get(f"{name}.expires", file.ou_position)
            owner = f"; its owner is {exempt.owner}" if exempt.owner else ""
            yield f"{at}: {name}: expired on {exempt.expires} and exempts nothing{owner}"
