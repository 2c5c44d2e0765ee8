"""What `/guardian …` answers in Slack: how guardian is, why an account is treated so, one more hour for something."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from guardian.errors import GuardianError
from guardian.jobs.keep import Wish
from guardian.jobs.press import NOT_YOURS, Floor, kept, may, place_of_notice, settle
from guardian.outcome import Result, without_echoes
from guardian.policy.durations import parse_duration
from guardian.ports import Typed

LATELY = timedelta(days=1)
HELP = (
    "/guardian status: whether guardian is at work, and what the last day brought",
    "/guardian explain ACCOUNT: what holds for an account, by its id or its name, and who said so",
    "/guardian snooze ID 2h: keep alive what you were warned of",
)


@dataclass(frozen=True)
class Desk:
    """What answering takes. `halted` says why guardian changes nothing, "" where it does; `explain` knows accounts."""

    floor: Floor
    halted: Callable[[], str]
    explain: Callable[[str], Sequence[str]]


def answer_once(desk: Desk, asked: Typed) -> tuple[str, ...]:
    """Do what was typed and tell whoever typed it, and nobody else; answers what was said."""
    try:
        said = tuple(_answer(desk, asked))
    except GuardianError as error:
        said = (f"That was not done: {error}.",)
    try:
        desk.floor.room.whisper(asked.channel, asked.user, "\n".join(said))
    except GuardianError:
        return said
    return said


def _answer(desk: Desk, asked: Typed) -> Sequence[str]:
    match asked.words:
        case ("status",):
            return _status(desk)
        case ("explain", *account) if account:
            return desk.explain(" ".join(account))
        case ("snooze", *name, span) if name:
            return (_snooze(desk.floor, asked, " ".join(name), span),)
        case _:
            return HELP


def _status(desk: Desk) -> Sequence[str]:
    floor = desk.floor
    governance, now = floor.scene.governance, floor.clock()
    outcomes = without_echoes(floor.journal.outcomes(now - LATELY, now))
    counts = Counter(outcome.result for outcome in outcomes)
    told = ", ".join(f"{counts[result]:,} {result.replace('_', ' ')}" for result in Result)
    open_findings = [f for f in floor.journal.findings(now - LATELY, now) if not f.mended]
    halted = desk.halted()
    return (
        f"Guardian is {halted}" if halted else "Guardian is at work.",
        f"Governed accounts: {len(governance.policy_of):,}. Policies: {len(governance.policies):,}.",
        f"In the last day: {told}; {len(open_findings):,} findings.",
    )


def _snooze(floor: Floor, asked: Typed, identifier: str, span: str) -> str:
    """Keep alive what somebody was warned of last under this id."""
    try:
        wanted = parse_duration(span)
    except ValueError as error:
        return f"{error}."
    notices = floor.journal.foretold(identifier)
    if not notices:
        return f"Nobody was warned of {identifier}: guardian keep can keep alive anything."
    notice = notices[-1]
    if not may(floor, notice, asked.user):
        return NOT_YOURS
    wish = Wish(floor.clock() + wanted, f"{asked.name or asked.user} in Slack")
    answer = kept(floor, place_of_notice(floor.scene, notice), identifier, wish)
    warned = floor.journal.warned(notice.identity)
    if warned and not warned.answer:
        floor.journal.answer_warning(notice.identity, answer)
        settle(floor, warned, answer, asked.user)
    return f"{identifier}: {answer}."
