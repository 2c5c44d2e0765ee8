"""Why an account has the policy it has: every setting with its value and the place it comes from. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from guardian.ids import AccountId, OuPath, Slug
from guardian.organization import Account, Organization
from guardian.policy.model import Policy, PolicyFile, Position, Rule
from guardian.policy.resolve import Chain, Governance, chain_of
from guardian.verdict import exemption_reason, spoken

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
    """Of one account. `files` are those that speak for it, from the root down; an ungoverned one has a `reason`."""

    account: AccountId
    name: str
    ou: OuPath
    policy: Slug | None
    reason: str
    files: tuple[str, ...] = ()
    settings: tuple[Said, ...] = ()


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
    settings = tuple(_settings(policy, chain))
    spoken_by = tuple(file.file for file in chain)
    return Explanation(account.id, account.name, account.ou, slug, "", spoken_by, settings)


def _settings(policy: Policy, chain: Chain) -> Iterator[Said]:
    regions = _nearest(chain, lambda f: "regions" if f.regions is not None else None)
    yield Said("regions", ", ".join(policy.regions), regions or UNSAID)
    for rule in policy.rules:
        yield from _of_rule(rule, chain)
    yield from _exemptions(chain)
    notify = policy.notify
    for name in ("channel", "digest", "timezone"):
        source = _nearest(chain, partial(_of_notify, name)) or FROM_SETTINGS
        yield Said(f"notify.{name}", getattr(notify, name) or "none", source)


def _of_rule(rule: Rule, chain: Chain) -> Iterator[Said]:
    key = rule.kind.key
    mode = _nearest(chain, partial(_of_mode, key)) or UNSAID
    yield Said(f"kinds.{key}.mode", rule.mode, mode)
    grace = _nearest(chain, partial(_of_kind, key, "grace")) or BUILT_IN
    yield Said(f"kinds.{key}.grace", spoken(rule.grace), grace)
    if rule.idle is not None:
        idle = _nearest(chain, partial(_of_kind, key, "idle")) or BUILT_IN
        yield Said(f"kinds.{key}.idle", spoken(rule.idle), idle)


def _exemptions(chain: Chain) -> Iterator[Said]:
    for file in chain:
        for number, exempt in enumerate(file.exempt):
            until = f" until {exempt.expires}" if exempt.expires else ""
            place = file.positions[f"exempt[{number}]"]
            yield Said("exempt", exemption_reason(exempt) + until, place)


def _nearest(chain: Chain, said: Callable[[PolicyFile], str | None]) -> Position | None:
    """Where the nearest file says it; `said` gives the name under which a file does, None where it does not."""
    for file in reversed(chain):
        name = said(file)
        if name is not None:
            return file.positions[name]
    return None


def _of_kind(key: str, name: str, file: PolicyFile) -> str | None:
    settings = file.kinds.get(key)
    return f"kinds.{key}.{name}" if settings and getattr(settings, name) is not None else None


def _of_mode(key: str, file: PolicyFile) -> str | None:
    """Within one file the kind's own mode wins."""
    return _of_kind(key, "mode", file) or ("mode" if file.mode is not None else None)


def _of_notify(name: str, file: PolicyFile) -> str | None:
    return f"notify.{name}" if getattr(file.notify, name) is not None else None
