"""The judgement over one running thing, under one rule, at one moment. Pure.

The state machine carries the same judgement as JSONata (`guardian.stack.judgement`); a differential test holds them
together. Whatever is unclear means: look again, do not stop.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from guardian.documents import Document, Json, moment, pick, text
from guardian.ids import Target
from guardian.kinds.base import KEEP_UNTIL, IdleSamples, IdleSince, Kept, Kind, Phase, Sign
from guardian.policy.durations import spoken
from guardian.policy.model import Exemption, Rule
from guardian.policy.patterns import matches
from guardian.policy.words import exemption_reason

_DAYS = (
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
)
KEEP_UNTIL_FORM = f"^20[0-9]{{2}}-{_DAYS}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"
"""Only days that surely exist, so that a machine that waits for it cannot stumble."""
UNCLEAR_KEEP_UNTIL = f"its tag {KEEP_UNTIL} is no UTC time such as 2026-11-23T18:00:00Z"
UNKNOWN_PRINCIPAL = "who started it is unknown and an exemption depends on it"
UNKNOWN_ORIGIN = "where it was started from is unknown and an exemption depends on it"
RESTING = "its rule rests at this hour"
AT_WORK = "it is at work"
FEW_SAMPLES = "too few samples to call it idle"
WORKED = "it was at work lately"
UNKNOWN_IDLE = "since when it is idle is unknown"
PAUSE = timedelta(minutes=1)
"""What lies between two looks at something that is on its way from one state to another."""
BUSY_PAUSE = timedelta(minutes=5)
"""What lies between two looks at something that cannot be stopped while it is at work."""


@dataclass(frozen=True)
class Sighting:
    """What was seen of a resource: the answers of its kind's reads by name, and those who may have started it.

    `since` is when its start was announced, None where only the resource itself tells. `principals` are the ARNs of who
    started it, `origins` what the start request said of its own origin, "" where it said nothing: each empty where
    nobody could say.
    """

    id: str
    target: Target
    seen: Document
    since: datetime | None = None
    principals: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stop:
    """Nothing speaks for it. `due` is the first moment at which its rule could be met, rests aside."""

    due: datetime
    reason: str


@dataclass(frozen=True)
class Keep:
    """It is left alone, for good as far as this look can tell."""

    reason: str


@dataclass(frozen=True)
class LookAgain:
    at: datetime
    reason: str


@dataclass(frozen=True)
class Gone:
    """It bills no more: nothing to do is an outcome."""

    reason: str


Verdict = Stop | Keep | LookAgain | Gone


def judge(kind: Kind, rule: Rule, sighting: Sighting, now: datetime) -> Verdict:
    """What to do about it. The order of the questions is the order of the answers' weight."""
    status = text(sighting.seen, kind.status)
    return (
        _by_phase(kind.phase(status), status, now)
        or _by_will(kind, rule, sighting, now)
        or _by_time(kind, rule, sighting, now)
        or _by_work(kind, sighting, now)
        or _by_hours(rule, now)
        or _by_activity(kind, rule, sighting, now)
        or stop_of(kind, rule, sighting, now)
    )


def stop_of(kind: Kind, rule: Rule, sighting: Sighting, now: datetime) -> Stop:
    """The stop of a thing that nothing speaks for: since when it is due, and why. Its start must be known."""
    aged = is_aged(rule, now - _start(kind, sighting))
    return Stop(_ready(kind, rule, sighting), stop_reason(rule, aged=aged))


def _ready(kind: Kind, rule: Rule, sighting: Sighting) -> datetime:
    """The first moment at which its rule could be met. Its start must be known."""
    start = _start(kind, sighting)
    due, idle = start + grace(rule), window(rule) or timedelta()
    since = _idle_since(rule, sighting.seen)
    ready = due + idle if since is None else max(due, since + idle)
    return ready if rule.max_age is None else min(ready, start + rule.max_age)


def window(rule: Rule) -> timedelta | None:
    """How long a thing must have been idle, None where nobody asks or nobody can tell."""
    return rule.idle if rule.measured else None


def _idle_since(rule: Rule, seen: Document) -> datetime | None:
    measured = rule.measured
    return moment(pick(seen, measured.since)) if isinstance(measured, IdleSince) else None


def stop_reason(rule: Rule, *, aged: bool) -> str:
    """Why a thing under this rule is stopped; `aged` says whether for its age."""
    if aged and rule.max_age is not None:
        return f"older than {spoken(rule.max_age)}"
    idle = window(rule)
    return f"idle for {spoken(idle)}" if idle else f"grace of {spoken(rule.grace)} is over"


def is_aged(rule: Rule, age: timedelta) -> bool:
    """Whether it is its age that ends a thing. Without `idle` a grace that is over says it first."""
    if rule.max_age is None or age < rule.max_age:
        return False
    return window(rule) is not None or rule.max_age < rule.grace


def bounded(span: timedelta, rule: Rule) -> timedelta:
    """A span from the start of a thing, which no rule lets outlast its `max_age`."""
    return span if rule.max_age is None else min(span, rule.max_age)


def grace(rule: Rule) -> timedelta:
    """What must have passed since its start before a thing may be stopped."""
    return bounded(rule.grace, rule)


def grace_reason(rule: Rule) -> str:
    """Why a thing is left alone whose grace is not over."""
    if grace(rule) < rule.grace:
        return f"it is not older than {spoken(grace(rule))}"
    return f"its grace of {spoken(rule.grace)} is not over"


def _by_phase(phase: Phase | None, status: str, now: datetime) -> Verdict | None:
    match phase:
        case Phase.OVER:
            return Gone(f"it is {status}")
        case Phase.ENDING:
            return LookAgain(now + PAUSE, f"it is {status}")
        case None:
            return LookAgain(now + PAUSE, f"its status {status} is unknown to guardian")
        case Phase.PENDING | Phase.LIVE:
            return None


def _by_will(kind: Kind, rule: Rule, sighting: Sighting, now: datetime) -> Verdict | None:
    """What somebody has said: protection, exemptions, keep-until."""
    tags = tags_of(kind, sighting.seen)
    reasons = [kept.reason for kept in kind.kept if _says(kept, sighting.seen)]
    reasons += [why for key, why in kind.kept_tags.items() if any(matches(key, t) for t in tags)]
    if reasons:
        return Keep(reasons[0])
    exempt = exempting(rule, sighting, tags, now)
    if exempt is not None:
        return Keep(exemption_reason(exempt))
    lasting = [e for e in exemptions(rule) if holds_on(e, now)]
    if not sighting.principals and any(e.principal for e in lasting):
        return LookAgain(now + PAUSE, UNKNOWN_PRINCIPAL)
    if not sighting.origins and any(e.origin for e in lasting):
        return LookAgain(now + PAUSE, UNKNOWN_ORIGIN)
    return _by_keep_until(tags.get(KEEP_UNTIL), now)


def _says(kept: Kept, seen: Document) -> bool:
    value = pick(seen, kept.path)
    match kept.value:
        case Sign.TRUE:
            return value is True
        case Sign.EMPTY:
            return not isinstance(value, Mapping) or not value
        case _:
            return value == kept.value


def _by_keep_until(until: str | None, now: datetime) -> Verdict | None:
    if until is None:
        return None
    end = moment(until) if re.fullmatch(KEEP_UNTIL_FORM, until) else None
    if end is None:
        return Keep(UNCLEAR_KEEP_UNTIL)
    return LookAgain(end, f"kept alive until {until}") if now < end else None


def _by_time(kind: Kind, rule: Rule, sighting: Sighting, now: datetime) -> Verdict | None:
    if moment(pick(sighting.seen, kind.start)) is None:
        return LookAgain(now + PAUSE, "when it began is unknown")
    due = _start(kind, sighting) + grace(rule)
    if now < due:
        return LookAgain(due, grace_reason(rule))
    if kind.phase(text(sighting.seen, kind.status)) is Phase.PENDING:
        return LookAgain(now + PAUSE, "it cannot be stopped yet")
    return None


def _start(kind: Kind, sighting: Sighting) -> datetime:
    # A thing stopped and started again has a new start: the later one counts.
    began = moment(pick(sighting.seen, kind.start))
    return max(start for start in (began, sighting.since) if start is not None)


def _by_work(kind: Kind, sighting: Sighting, now: datetime) -> Verdict | None:
    for path, reason in kind.busy.items():
        if pick(sighting.seen, path):
            return LookAgain(now + BUSY_PAUSE, reason)
    return None


def _by_hours(rule: Rule, now: datetime) -> Verdict | None:
    ends = rule.hours.rest_ends(now) if rule.hours else None
    return LookAgain(ends, RESTING) if ends else None


def _by_activity(kind: Kind, rule: Rule, sighting: Sighting, now: datetime) -> Verdict | None:
    start, idle, measured = _start(kind, sighting), rule.idle, rule.measured
    if idle is None or measured is None or is_aged(rule, now - start):
        return None
    ready = _ready(kind, rule, sighting)
    if isinstance(measured, IdleSamples) and now < start + grace(rule) + idle:
        return LookAgain(ready, young_reason(idle))
    busy = _busy(measured, idle, sighting.seen, text(sighting.seen, kind.status))
    if busy:
        again = now + idle_pause(idle)
        aged = again if rule.max_age is None else start + rule.max_age
        return LookAgain(min(again, aged), busy)
    return LookAgain(ready, WORKED) if now < ready else None


def young_reason(idle: timedelta) -> str:
    """Why a thing is left alone that has not been there as long as it must have been idle."""
    return f"it is too young to have been idle for {spoken(idle)}"


def _busy(idle: IdleSamples | IdleSince, window: timedelta, seen: Document, status: str) -> str:
    """Why it is not idle as far as anybody can tell; empty where it is, or has been since some moment."""
    if status != idle.status:
        return AT_WORK
    if isinstance(idle, IdleSince):
        return UNKNOWN_IDLE if moment(pick(seen, idle.since)) is None else ""
    samples = [s for s in _samples(idle, seen) if isinstance(s, int | float)]
    if len(samples) < samples_needed(idle, window):
        return FEW_SAMPLES
    return WORKED if min(samples) < idle.value else ""


def _samples(idle: IdleSamples, seen: Document) -> list[Json]:
    value = pick(seen, f"idle.{idle.samples}")
    return list(value) if isinstance(value, list) else []


def samples_needed(idle: IdleSamples, window: timedelta) -> int:
    """How many samples a window must hold to be believed: all but the one that may be late, and at least one."""
    return max(1, math.floor(window / idle.period) - 1)


def idle_pause(window: timedelta) -> timedelta:
    """What lies between two looks at something that is not idle."""
    return max(timedelta(minutes=5), window / 4)


def tags_of(kind: Kind, seen: Document) -> Mapping[str, str]:
    """The resource's tags, whichever way its service tells them."""
    if kind.tags is None:
        return {}
    found = pick(seen, kind.tags.path)
    if not kind.tags.pairs:
        return {k: str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}
    pairs = found if isinstance(found, list | tuple) else []
    return {text(pair, "Key"): text(pair, "Value") for pair in pairs}


def owner_of(kind: Kind, seen: Document, told: str) -> str:
    """Whose it is: its tag says so, else whoever was told of (`told`), else the resource itself; or nobody, ""."""
    return (
        tags_of(kind, seen).get("owner") or told or (text(seen, kind.owner) if kind.owner else "")
    )


def exempting(
    rule: Rule, sighting: Sighting, tags: Mapping[str, str], now: datetime
) -> Exemption | None:
    """The first exemption that holds for it."""
    asked = exemptions(rule)
    return next((e for e in asked if holds_on(e, now) and _covers(e, sighting, tags)), None)


def exemptions(rule: Rule) -> tuple[Exemption, ...]:
    """Those that can hold: by origin only where the start requests of the kind have a word for it."""
    tells = any(start.origin for start in rule.kind.starts)
    return tuple(e for e in rule.exempt if tells or not e.origin)


def holds_on(exempt: Exemption, now: datetime) -> bool:
    """Whether it has not expired."""
    return exempt.expires is None or now < datetime.combine(exempt.expires, time(), UTC)


def _covers(exempt: Exemption, sighting: Sighting, tags: Mapping[str, str]) -> bool:
    if exempt.accounts and sighting.target.account not in exempt.accounts:
        return False
    if exempt.id and not matches(exempt.id, sighting.id):
        return False
    if exempt.principal and not any(
        matches(exempt.principal, p) for p in sighting.principals or ()
    ):
        return False
    if exempt.origin and not any(o and matches(exempt.origin, o) for o in sighting.origins):
        return False
    return all(key in tags and matches(value, tags[key]) for key, value in exempt.tags.items())
