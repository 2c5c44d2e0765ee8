"""The policies that a daemon holds on to, whatever becomes of the files they were read from."""

from collections import deque
from dataclasses import dataclass, field
from threading import Lock

import structlog

from guardian.app import Guardian
from guardian.configuration import World
from guardian.errors import AccessDenied, InputError, Refused
from guardian.jobs.reload import (
    Broken,
    Notice,
    PolicyState,
    begin,
    news,
    reload_once,
    tell_once,
    unfit,
)
from guardian.outcome import About, Finding
from guardian.policy.model import PolicyFile
from guardian.policy.source import PolicyText

MOST_NOTICES = 20  # that wait for Slack to come back

log = structlog.get_logger("guardian")


@dataclass
class HeldPolicies:
    """Every job of a daemon goes by these, and only `look` changes which they are.

    `world` is the last in which they could be resolved, `misfit` why they cannot be now.
    """

    guardian: Guardian
    state: PolicyState
    world: World
    misfit: Broken | None = None
    _unasked: set[str] = field(default_factory=set)
    _notices: deque[Notice] = field(default_factory=lambda: deque(maxlen=MOST_NOTICES))
    _telling: Lock = field(default_factory=Lock)

    def look(self) -> None:
        """Let policies that changed hold, if all of them are right. Raises AccessDenied, Unavailable."""
        guardian, before = self.guardian, self.state
        source, ous = guardian.configuration.source, self.world.organization.ous
        after = reload_once(source, before, self._fitting, guardian.now(), ous)
        self.state = after  # at once: whoever is at work goes on with those it began with
        if after.good_hash != before.good_hash:
            log.info("policies_changed", hash=after.good_hash, policies=len(after.files))
        self._tell(before.broken, after.broken)

    def _fitting(self, texts: tuple[PolicyText, ...]) -> tuple[PolicyFile, ...]:
        """The policies of texts, which fit the organization. Raises InputError where they do not."""
        guardian, today = self.guardian, self.guardian.now().date()
        files = guardian.configuration.parse(texts)
        try:
            guardian.configuration.resolve(files, self.world.organization, today)
        except InputError:  # an OU may be newer than what is known of the organization
            guardian.configuration.resolve(files, guardian.aws.organizations.read(), today)
        return files

    def current(self) -> World:
        """The world now; where the policies do not fit the organization any more, the last in which they did."""
        guardian = self.guardian
        organization = guardian.aws.organizations.read()
        try:
            world, misfit = guardian.resolve(self.state.files, organization), None
        except InputError as error:
            world, misfit = self.world, unfit(error)
        with self._telling:  # several jobs may find out at the same time
            before, self.misfit, self.world = self.misfit, misfit, world
            self._tell(before, misfit)
        if world.unasked and world.unasked.message not in self._unasked:
            self._unasked.add(world.unasked.message)
            self._note(About.ACCESS, "regions", world.unasked.message)
        return world

    def _tell(self, before: Broken | None, after: Broken | None) -> None:
        """Log and note that policies became wrong or right, and tell the organization's channel of it later."""
        notice = news(before, after)
        if notice is None:
            return
        self._notices.append(notice)
        if after is None:
            log.info("policies_right", hash=self.state.good_hash)
            return
        log.warning("policies_broken", hash=after.hash, problems=after.problems)
        reasons = (f"{problem}; the last good policies hold" for problem in after.problems)
        self._note(About.POLICY, "policies", *reasons)

    def _note(self, about: About, subject: str, *reasons: str) -> None:
        now = self.guardian.now()
        self.guardian.journal.note([Finding(about, subject, reason, now) for reason in reasons])

    def tell(self, notice: Notice) -> None:
        """Let the organization's channel know soon."""
        self._notices.append(notice)

    def post_notices(self) -> None:
        """Tell the organization's channel what it does not know. Raises Unavailable: the next call goes on."""
        settings = self.guardian.settings
        channel = settings.notify.channel
        if not channel or not settings.slack.token:
            self._notices.clear()
        while self._notices:
            notice = self._notices[0]
            try:
                reference = tell_once(self.guardian.announcer(), channel, notice)
                log.info("noticed", channel=channel, reference=reference)
            except (AccessDenied, Refused) as error:  # nothing that waiting would mend
                log.warning("notice_refused", notice=notice.key, error=str(error))
            self._notices.popleft()


def hold(guardian: Guardian) -> HeldPolicies:
    """The policies as they are now. Raises InputError: nothing has held yet that could go on to."""
    configuration = guardian.configuration
    state = begin(configuration.source, configuration.parse, guardian.now())
    world = guardian.resolve(state.files, guardian.aws.organizations.read())
    return HeldPolicies(guardian, state, world)
