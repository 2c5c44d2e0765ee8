"""What became of a started thing, and what else was found. These are the journal's two kinds of entry."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from guardian.documents import Document, Json, instant, moment, pick, text
from guardian.errors import InputError
from guardian.ids import Region, Target, parse_account

VERSION = 1
"""Of the event's detail. A collector takes every version up to its own."""
SOURCE = "guardian"
DETAIL_TYPE = "Guardian Outcome"


class Result(StrEnum):
    STOPPED = "stopped"
    WOULD_STOP = "would_stop"
    KEPT = "kept"
    GONE = "gone"
    FAILED = "failed"


class By(StrEnum):
    """Which way it was noticed. What only the sweep noticed, the events missed."""

    EVENT = "event"
    SWEEP = "sweep"


@dataclass(frozen=True)
class Outcome:
    """The end of one governed run of one resource.

    `started` is when the resource began to run, `due` when its grace was over, `at` when it was stopped or judged.
    `facts` are what its kind needs to price it; `trace` is the execution or sweep that judged.
    """

    result: Result
    kind: str
    id: str
    target: Target
    policy: str
    at: datetime
    by: By
    reason: str = ""
    owner: str = ""
    started: datetime | None = None
    due: datetime | None = None
    facts: Document = field(default_factory=dict)
    trace: str = ""

    @property
    def identity(self) -> str:
        """The same for every report of the same end: a message delivered twice is one outcome."""
        start = instant(self.started) if self.started else self.trace
        parts = [self.target.account, self.target.region, self.kind, self.id, start, self.result]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    @property
    def missed(self) -> bool:
        """Whether the sweep had to catch it because no event did."""
        return self.by is By.SWEEP and self.result in {Result.STOPPED, Result.WOULD_STOP}


def without_echoes(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Without what a duplicate of a start event adds: that something is gone which guardian has just stopped."""
    listed = tuple(outcomes)
    stops: dict[tuple[Target, str, str], list[datetime]] = {}
    for each in listed:
        if each.result is Result.STOPPED:
            stops.setdefault((each.target, each.kind, each.id), []).append(each.at)
    return tuple(each for each in listed if not _is_echo(each, stops))


def _is_echo(gone: Outcome, stops: Mapping[tuple[Target, str, str], list[datetime]]) -> bool:
    if gone.result is not Result.GONE:
        return False
    began = gone.started or gone.at
    stopped = stops.get((gone.target, gone.kind, gone.id), [])
    return any(began <= at <= gone.at for at in stopped)


class About(StrEnum):
    DRIFT = "drift"
    ACCESS = "access"
    ROLLOUT = "rollout"
    SWEEP = "sweep"
    COLLECT = "collect"
    POLICY = "policy"
    DIGEST = "digest"


@dataclass(frozen=True)
class Finding:
    """Something that people should know of a place: drift, a denied account, a change that failed.

    `mended` says that guardian has put it right.
    """

    about: About
    subject: str
    reason: str
    at: datetime
    target: Target | None = None
    mended: bool = False

    @property
    def identity(self) -> str:
        parts = [self.about, str(self.target), self.subject, self.reason, instant(self.at)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def parse_event(event: Json) -> Outcome:
    """The outcome that a `Guardian Outcome` event reports.

    The account and the region are the envelope's, which EventBridge vouches for; the detail is the member's word.
    Raises InputError for anything that is not such an event.
    """
    if text(event, "source") != SOURCE or text(event, "detail-type") != DETAIL_TYPE:
        raise InputError("not a Guardian Outcome event")
    detail = pick(event, "detail")
    if not isinstance(detail, Mapping) or not _readable(detail):
        raise InputError("a Guardian Outcome event of an unknown version or shape")
    try:
        target = Target(parse_account(text(event, "account")), Region(text(event, "region")))
        return _outcome(detail, target, Result(text(detail, "outcome")))
    except (ValueError, OverflowError) as error:  # a moment before year 1 overflows
        raise InputError(f"a Guardian Outcome event that cannot be read: {error}") from error


def _readable(detail: Document) -> bool:
    version = detail.get("version")
    needed = all(text(detail, name) for name in ("kind", "id", "policy"))
    return isinstance(version, int) and 1 <= version <= VERSION and needed


def _outcome(detail: Document, target: Target, result: Result) -> Outcome:
    at, facts = moment(detail.get("at")), detail.get("facts")
    if at is None:
        raise ValueError("it has no time")
    return Outcome(
        result=result,
        kind=text(detail, "kind"),
        id=text(detail, "id"),
        target=target,
        policy=text(detail, "policy"),
        at=at,
        by=By.EVENT,
        reason=text(detail, "reason"),
        owner=text(detail, "owner"),
        started=moment(detail.get("started")),
        due=moment(detail.get("due")),
        facts=facts if isinstance(facts, Mapping) else {},
        trace=text(detail, "execution"),
    )
