"""The daemon and people: warnings go out to Slack, presses and commands come in."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from guardian.app import Guardian, World
from guardian.clock import system_now
from guardian.daemon.held import HeldPolicies
from guardian.errors import GuardianError
from guardian.explain import explain
from guardian.jobs.press import Floor, press_once
from guardian.jobs.slash import Desk, answer_once
from guardian.jobs.warn import Scene, Told, warn_once
from guardian.ports import Press, Typed
from guardian.slack.socket import SlackSocket

SETTINGS = 12
"""So many settings of an account are told in Slack."""

log = structlog.get_logger("guardian.people")


def scene_of(guardian: Guardian, world: World) -> Scene:
    return Scene(world.governance, world.names, guardian.prices, guardian.settings.notify)


def warn(guardian: Guardian, world: World) -> Told:
    """Post what people have not been warned of yet; nothing where there is no Slack."""
    if not guardian.settings.slack.token:
        return Told()
    told = warn_once(
        guardian.room(), guardian.journal, scene_of(guardian, world), guardian.now(), system_now
    )
    if told.posted or told.dropped:
        log.info("warned", posted=told.posted, dropped=told.dropped)
    return told


@dataclass(frozen=True)
class Switchboard:
    """Takes presses and commands; whatever becomes of one, the next is taken."""

    guardian: Guardian
    policies: HeldPolicies

    def pressed(self, press: Press) -> None:
        try:
            said = press_once(self._floor(), press)
        except GuardianError as error:
            log.warning("press_failed", action=press.action, user=press.user, error=str(error))
        else:
            log.info("pressed", action=press.action, user=press.user, said=said)

    def typed(self, asked: Typed) -> None:
        desk = Desk(self._floor(), self.guardian.halted, self._explain)
        try:
            answer_once(desk, asked)
        except GuardianError as error:
            log.warning("command_failed", user=asked.user, error=str(error))
        else:
            log.info("answered", words=asked.words, user=asked.user)

    def _floor(self) -> Floor:
        guardian = self.guardian
        return Floor(
            members=guardian.aws.members,
            journal=guardian.journal,
            room=guardian.room(),
            scene=scene_of(guardian, self.policies.world),
            keepers=guardian.settings.slack.keepers,
            search=guardian.search,
            clock=guardian.now,
            wall=system_now,
        )

    def _explain(self, name: str) -> Sequence[str]:
        world = self.policies.world
        known = [a for a in world.organization.accounts if name in {a.id, a.name}]
        if len(known) != 1:
            return (f"There are {len(known)} accounts of the id or name {name}.",)
        found = explain(known[0], world.files, world.organization, world.governance)
        if found.policy is None:
            return (
                f"{found.name} ({found.account}) in {found.ou} is not governed: {found.reason}",
            )
        lines = [f"{said.setting}: {said.value} ({said.source})" for said in found.settings]
        more = len(lines) - SETTINGS
        rest = [f"and {more} more: guardian explain {found.account}"] if more > 0 else []
        head = f"{found.name} ({found.account}) in {found.ou} is governed by {found.policy}"
        return (head, *lines[:SETTINGS], *rest)


def socket(guardian: Guardian, policies: HeldPolicies) -> SlackSocket | None:
    """The socket by which Slack tells what people do; None where no token opens one."""
    slack = guardian.settings.slack
    if not (slack.token and slack.app_token):
        return None
    board = Switchboard(guardian, policies)
    return SlackSocket(guardian.app_token, board.pressed, board.typed, slack.api)
