"""Who is sent which digest, and when. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from guardian.digest import Audience
from guardian.ids import AccountId
from guardian.policy.model import Exemption, Notify, Policy, Quiet
from guardian.policy.resolve import Governance

Names = Mapping[AccountId, str]


@dataclass(frozen=True)
class Edition:
    """An audience and when its digests are due."""

    audience: Audience
    notify: Notify


def editions(governance: Governance, names: Names, notify: Notify) -> Iterator[Edition]:
    """One for the whole organization, one for each channel or topic that policies name for themselves.

    Of policies that name the same one, the first says when and how.
    """
    for place in filter(None, (notify.channel, notify.sns)):
        yield _edition(place, governance.policies, None, names, notify)
    for place, policies in sorted(_places(governance.policies, notify).items()):
        slugs = {policy.slug for policy in policies}
        accounts = frozenset(a for a, slug in governance.policy_of.items() if slug in slugs)
        if accounts:
            yield _edition(place, policies, accounts, names, policies[0].notify)


def _edition(
    place: str,
    policies: Iterable[Policy],
    accounts: frozenset[AccountId] | None,
    names: Names,
    notify: Notify,
) -> Edition:
    skips = notify.quiet is Quiet.SKIP
    exemptions = tuple(_exemptions(policies))
    audience = Audience(place, accounts, names, notify.timezone, exemptions, skips)
    return Edition(audience, notify)


def _places(policies: Iterable[Policy], notify: Notify) -> Mapping[str, list[Policy]]:
    """The policies by the channels and topics that are their own."""
    found: dict[str, list[Policy]] = {}
    for policy in sorted(policies, key=lambda policy: policy.slug):
        for place in (policy.notify.channel, policy.notify.sns):
            if place and place not in {notify.channel, notify.sns}:
                found.setdefault(place, []).append(policy)
    return found


def _exemptions(policies: Iterable[Policy]) -> Iterator[Exemption]:
    """Those that end some day, each once: the rules of a policy share them, and policies inherit them."""
    found = (exempt for policy in policies for rule in policy.rules[:1] for exempt in rule.exempt)
    yield from {repr(exempt): exempt for exempt in found if exempt.expires}.values()
