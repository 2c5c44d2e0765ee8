"""What a press of a warning's button does: once, by whom it may be done, and told to everybody who was warned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from guardian.clock import Clock
from guardian.errors import GuardianError, InputError, NotFound, Refused, Unavailable
from guardian.ids import Target
from guardian.jobs.keep import Wish, keep_once, place_of
from guardian.jobs.sweep import Search
from guardian.jobs.sweep.places import Found, Place
from guardian.jobs.sweep.stop import Stopping
from guardian.jobs.warn import ADDRESS, CLAIM, Scene
from guardian.notice import StopNotice, Warned
from guardian.outcome import By, Outcome, Result
from guardian.policy.model import Mode
from guardian.ports import Journal, Members, Press, Room

NINE = time(9)
SPANS: Final[Mapping[str, timedelta]] = {
    "keep-1h": timedelta(hours=1),
    "keep-4h": timedelta(hours=4),
}
TOMORROW, STOP = "keep-tomorrow", "stop-now"
NOT_YOURS = (
    "Only its owner, or a member of the user group slack.keepers of guardian.yaml, may do that."
)
UNKNOWN = "Guardian knows nothing of this warning any more."
AT_IT = "Somebody has pressed already: look at the message again in a moment."
SPOKEN_FOR = (
    "a look has found that something speaks for it: it is kept alive, exempt, at work or protected;"
    " or it is gone"
)


@dataclass(frozen=True)
class Floor:
    """What acting on warnings takes. `search` is how a sweep that began now would go about it; `wall` the real time."""

    members: Members
    journal: Journal
    room: Room
    scene: Scene
    keepers: str
    search: Callable[[], Search]
    clock: Clock
    wall: Clock


def press_once(floor: Floor, press: Press) -> str:
    """Do what was asked for, if it may be and nobody has done anything yet; answers what the presser was told.

    The same press again changes nothing. Raises Unavailable where the journal cannot be used.
    """
    warned = floor.journal.warned(press.warning)
    if warned is None or press.action not in {*SPANS, TOMORROW, STOP}:
        return _whisper(floor, press, UNKNOWN)
    try:
        if not may(floor, warned.notice, press.user):
            return _whisper(floor, press, NOT_YOURS)
    except GuardianError as error:  # who cannot be told apart may not
        return _whisper(floor, press, f"Guardian cannot tell who you are: {error}")
    if warned.answer:
        return _whisper(floor, press, f"That was decided: {warned.answer}.")
    now = floor.wall()
    if not floor.journal.claim_warning(press.warning, now, now - CLAIM):
        return _whisper(floor, press, AT_IT)
    return _act(floor, press, warned)


def may(floor: Floor, notice: StopNotice, user: str) -> bool:
    """Whether a Slack user may keep it alive or stop it. Raises what keeps Slack from telling."""
    if ADDRESS.fullmatch(notice.owner) and floor.room.user_of(notice.owner) == user != "":
        return True
    return bool(floor.keepers) and user in floor.room.members(floor.keepers)


def _act(floor: Floor, press: Press, warned: Warned) -> str:
    """What was claimed is done and answered, or given back with the reason why not."""
    try:
        answer = _done(floor, press, warned.notice)
    except NotFound:
        answer = "it has ended by itself, or somebody ended it"
    except GuardianError as error:
        floor.journal.release_warning(press.warning)
        return _whisper(floor, press, f"That was not done: {error}.")
    except BaseException:  # a bug: whoever presses next is not to find it claimed
        floor.journal.release_warning(press.warning)
        raise
    floor.journal.answer_warning(press.warning, answer)
    settle(floor, warned, answer, press.user)
    return answer


def settle(floor: Floor, warned: Warned, answer: str, user: str) -> None:
    """Tell everybody who was warned what was done. It is done whether or not Slack takes that."""
    warning = floor.scene.warning(warned.notice)
    for reference in warned.references:
        try:
            floor.room.settle(reference, warning, answer, user)
        except GuardianError:
            continue


def _done(floor: Floor, press: Press, notice: StopNotice) -> str:
    """Do it, and say so. Raises guardian's errors where it cannot be done."""
    place, who = place_of_notice(floor.scene, notice), press.name or press.user
    if press.action == STOP:
        return _stopped(floor, place, notice, who)
    now = floor.clock()
    until = now + SPANS[press.action] if press.action in SPANS else _tomorrow(place, now)
    return kept(floor, place, notice.id, Wish(until, f"{who} in Slack"))


def kept(floor: Floor, place: Place, identifier: str, wish: Wish) -> str:
    """Keep something alive, and say so."""
    done = keep_once(floor.members, floor.journal, place, identifier, wish, floor.clock())
    at = f"{done.until:%Y-%m-%d %H:%M} UTC"
    if done.new:
        return f"kept alive until {at} by {wish.by}"
    return f"it was kept alive until {at} before, which is longer"


def place_of_notice(scene: Scene, notice: StopNotice) -> Place:
    """Where it is governed now. Raises Refused where it is not any more."""
    try:
        return place_of(scene.governance, notice.target, notice.kind)
    except InputError as error:
        raise Refused(str(error)) from error


def _tomorrow(place: Place, now: datetime) -> datetime:
    zone = ZoneInfo(place.policy.notify.timezone)
    day = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, NINE, zone).astimezone(now.tzinfo)


def _stopped(floor: Floor, place: Place, notice: StopNotice, who: str) -> str:
    """Stop it if two looks like those of a sweep find nothing that speaks for it, its age and idleness aside."""
    search = floor.search()
    if search.observe or place.rule.mode is not Mode.STOP:
        raise Refused("guardian is paused, or only observes here: it stops nothing")
    reason = f"stopped by {who} in Slack"
    prompt = replace(search, margin=timedelta(), by=By.EVENT, reason=reason)
    stopping = Stopping(floor.members, floor.journal, prompt, floor.clock)
    stopped = stopping.stop_all((_found(place, notice, floor.clock()),))
    if stopped.unanswered:
        raise Unavailable("the account does not answer; the next sweep makes sure of it")
    if not stopped.outcomes:
        raise Refused(SPOKEN_FOR)
    outcome = stopped.outcomes[0]
    if outcome.result is Result.GONE:
        raise NotFound(outcome.reason)
    if outcome.result is not Result.STOPPED:
        raise Refused(f"it could not be stopped: {outcome.reason}")
    return reason


def _found(place: Place, notice: StopNotice, now: datetime) -> Found:
    """It as the notice tells of it, under a rule by which it is due at once. Another look comes before the stop."""
    at_once = replace(
        place.rule, grace=timedelta(), idle=None, max_age=None, hours=None, warn_before=None
    )
    outcome = Outcome(
        result=Result.STOPPED,
        kind=notice.kind,
        id=notice.id,
        target=Target(notice.target.account, notice.target.region),
        policy=place.policy.slug,
        at=now,
        by=By.EVENT,
        owner=notice.owner,
        started=notice.started,
    )
    return Found(replace(place, rule=at_once), outcome)


def _whisper(floor: Floor, press: Press, said: str) -> str:
    """Tell whoever pressed, and nobody else; that it cannot be told is no trouble of theirs."""
    try:
        floor.room.whisper(press.channel, press.user, said)
    except GuardianError:
        return said
    return said
