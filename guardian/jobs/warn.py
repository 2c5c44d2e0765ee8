"""Posts warnings of stops to come, each once: in the channel of its policy, and to its owner directly."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from guardian.clock import Clock
from guardian.errors import AccessDenied, GuardianError, Refused, Unavailable
from guardian.ids import AccountId
from guardian.kinds import all_kinds
from guardian.kinds.base import PriceBook
from guardian.notice import StopNotice, StopWarning
from guardian.policy.model import Notify, Policy
from guardian.policy.resolve import Governance
from guardian.ports import Room, Warnings
from guardian.prices import saving

CLAIM = timedelta(minutes=2)
"""Of real time: who claimed a warning and did nothing with it for so long has died."""
ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True)
class Scene:
    """What holds where: the policies, the names of the accounts, what things cost and where digests go else."""

    governance: Governance
    names: Mapping[AccountId, str]
    prices: PriceBook
    notify: Notify

    def policy(self, account: AccountId) -> Policy | None:
        """The policy of an account, whatever a notice from there says."""
        slug = self.governance.policy_of.get(account)
        return next((each for each in self.governance.policies if each.slug == slug), None)

    def channel(self, account: AccountId) -> str:
        """Where what happens in an account is told."""
        policy = self.policy(account)
        return (policy.notify.channel if policy else "") or self.notify.channel

    def warning(self, notice: StopNotice) -> StopWarning:
        kind, account = all_kinds().get(notice.kind), notice.target.account
        cost = saving(notice.kind, notice.facts, notice.target.region, self.prices)
        title = kind.title if kind else notice.kind
        name = self.names.get(account, "an unknown account")
        return StopWarning(notice, title, name, cost.usd_per_hour, cost.basis)


@dataclass
class Told:
    """How many warnings were posted, how many need not be (any more), and why others were not, by channel."""

    posted: int = 0
    dropped: int = 0
    troubles: dict[str, str] = field(default_factory=dict)


def warn_once(room: Room, warnings: Warnings, scene: Scene, now: datetime, wall: Clock) -> Told:
    """Post what nobody was told of yet. `wall` is the system's own clock: claims are a matter of real time.

    A crash after a post loses and doubles nothing: it is looked for in Slack when its claim is old. Raises
    Unavailable where the journal cannot be used.
    """
    told = Told()
    for notice in sorted(warnings.unposted(), key=lambda notice: notice.stops):
        channel = scene.channel(notice.target.account)
        if notice.stops <= now or not channel or _is_told(notice, warnings.foretold(notice.id)):
            warnings.posted_warning(notice.identity, ())
            told.dropped += 1
        elif warnings.claim_warning(notice.identity, wall(), wall() - CLAIM):
            try:
                _post(
                    room, warnings, scene.warning(notice), channel, fresh=now - notice.at < CLAIM
                )
                told.posted += 1
            except (AccessDenied, Refused, Unavailable) as error:
                told.troubles[channel] = str(error)
                if not isinstance(error, Unavailable):  # then it may have been posted
                    warnings.release_warning(notice.identity)
    return told


def _is_told(notice: StopNotice, others: Sequence[StopNotice]) -> bool:
    """Whether another machine tells of the same stop, a little earlier: one machine never tells of two at a time."""
    earlier = (other for other in others if other.stops < notice.stops)
    return any(notice.same_run(other) and notice.at < other.stops for other in earlier)


def _post(
    room: Room, warnings: Warnings, warning: StopWarning, channel: str, *, fresh: bool
) -> None:
    notice = warning.notice
    user = owner_in(room, notice.owner)
    found = None if fresh else room.find(channel, notice.identity)
    references = [found or room.warn(channel, warning, user)]
    warnings.posted_warning(notice.identity, references)
    if user and (direct := _tried(lambda: room.warn(room.direct(user), warning, user))):
        warnings.posted_warning(notice.identity, [*references, direct])


def owner_in(room: Room, owner: str) -> str:
    """The Slack user that an owner is; empty where it is no address, or nobody's."""
    if not ADDRESS.fullmatch(owner):
        return ""
    return _tried(lambda: room.user_of(owner))


def _tried(call: Callable[[], str]) -> str:
    """What a call answers that the warning does not hang on: the channel was told."""
    try:
        return call()
    except GuardianError:
        return ""
