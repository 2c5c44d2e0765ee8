"""The notice of a stop that is to come: what a state machine tells ahead of it. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from guardian.documents import Document, Json, instant, moment, pick, text
from guardian.errors import InputError
from guardian.ids import Region, Target, parse_account
from guardian.outcome import SOURCE

VERSION = 1
"""Of the event's detail."""
DETAIL_TYPE = "Guardian Noticed"


@dataclass(frozen=True)
class StopNotice:
    """A resource that will be stopped at `stops` unless somebody speaks for it; `at` is when that was found out.

    `started` is when it began to run, `due` when its rule could first be met. `facts` are what its kind needs to price
    it, `execution` is whose word all this is.
    """

    kind: str
    id: str
    target: Target
    policy: str
    stops: datetime
    at: datetime
    owner: str = ""
    started: datetime | None = None
    due: datetime | None = None
    facts: Document = field(default_factory=dict)
    execution: str = ""

    @property
    def identity(self) -> str:
        """The same for every report of the same notice; it tells nothing of what it stands for."""
        start = instant(self.started) if self.started else self.execution
        parts = [str(self.target), self.kind, self.id, start, instant(self.stops)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def same_run(self, other: "StopNotice") -> bool:
        """Whether both are about one run of one resource."""
        mine = (self.target, self.kind, self.id, self.started)
        return mine == (other.target, other.kind, other.id, other.started)


@dataclass(frozen=True)
class Warned:
    """A notice as the journal keeps it: the references of the messages that told it, and what was done about it.

    No references before it was posted; an empty `answer` while nobody has done anything.
    """

    notice: StopNotice
    references: tuple[str, ...] = ()
    answer: str = ""


@dataclass(frozen=True)
class StopWarning:
    """A notice in the words of those who are warned: `title` is its kind's, `account` the account's name.

    `usd_per_hour` is what it costs, None where nobody knows; `basis` says how that was reckoned.
    """

    notice: StopNotice
    title: str
    account: str
    usd_per_hour: Decimal | None
    basis: str


def is_notice(event: Json) -> bool:
    """Whether an event says that it is such a notice."""
    return text(event, "source") == SOURCE and text(event, "detail-type") == DETAIL_TYPE


def parse_notice(event: Json) -> StopNotice:
    """The notice that a `Guardian Noticed` event tells.

    The account and the region are the envelope's, which EventBridge vouches for; the detail is the member's word.
    Raises InputError for anything that is not such an event.
    """
    detail = pick(event, "detail")
    if not is_notice(event) or not isinstance(detail, Mapping) or not _readable(detail):
        raise InputError("a Guardian Noticed event of an unknown version or shape")
    try:
        target = Target(parse_account(text(event, "account")), Region(text(event, "region")))
        return _notice(detail, target)
    except (ValueError, OverflowError) as error:  # a moment before year 1 overflows
        raise InputError(f"a Guardian Noticed event that cannot be read: {error}") from error


def _readable(detail: Document) -> bool:
    version = detail.get("version")
    needed = all(text(detail, name) for name in ("kind", "id", "policy"))
    return isinstance(version, int) and 1 <= version <= VERSION and needed


def _notice(detail: Document, target: Target) -> StopNotice:
    at, stops, facts = moment(detail.get("at")), moment(detail.get("stops")), detail.get("facts")
    if at is None or stops is None:
        raise ValueError("it has no time")
    return StopNotice(
        kind=text(detail, "kind"),
        id=text(detail, "id"),
        target=target,
        policy=text(detail, "policy"),
        stops=stops,
        at=at,
        owner=text(detail, "owner"),
        started=moment(detail.get("started")),
        due=moment(detail.get("due")),
        facts=facts if isinstance(facts, Mapping) else {},
        execution=text(detail, "execution"),
    )
