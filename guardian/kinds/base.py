"""How a governed kind is declared. One declaration gives its rules, state machine, IAM, sweep, price and docs.

Arguments and ARNs are templates: `{id}`, or the name of any part of a kind's id, stands for the resource's own,
`{id_lower}` for it in lower case, `{arn}`, `{account}`, `{region}` and `{partition}` for what they say, `{now}` and
`{idle_from}` for the ends of the idle window as ISO 8601 text. An argument that is only `{part?}` is left out where
that part is empty. Members are spelt in PascalCase, as Step Functions does, whatever the API's own spelling. Paths are
those of `guardian.documents`, below the names of the reads: `session.Session.Status`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol

from guardian.documents import Document, Json, pick, text
from guardian.ids import Region

API_CALL: Final = "AWS API Call via CloudTrail"
KEEP_UNTIL: Final = "guardian:keep-until"
"""The tag that keeps a resource alive until a moment in UTC, `2026-11-23T18:00:00Z`."""
KEEP_PAIRS: Final[tuple[Json, ...]] = ({"Key": KEEP_UNTIL, "Value": "{until}"},)
KEEP_MAP: Final[Mapping[str, Json]] = {KEEP_UNTIL: "{until}"}
"""That tag as an argument, for services that take pairs and for those that take a mapping."""


class Phase(StrEnum):
    """What a status means for somebody who wants to stop the thing."""

    PENDING = "pending"  # bills or soon will, cannot be stopped yet
    LIVE = "live"  # bills, can be stopped
    ENDING = "ending"  # somebody stopped it already
    OVER = "over"  # bills no more


@dataclass(frozen=True)
class Call:
    """One AWS API call: made by the sweep with boto3, by the state machine with Step Functions, allowed by IAM.

    `service` is boto3's name and `action` the API's (`glue`, `GetSession`).
    `resource` is the ARN template that IAM wants, `*` where the action has no resource.
    """

    service: str
    action: str
    arguments: Mapping[str, Json]
    resource: str = "*"
    iam: str = ""

    @property
    def permission(self) -> str:
        """The IAM action, `glue:GetSession`."""
        return f"{self.iam or self.service}:{self.action}"


@dataclass(frozen=True)
class Listing:
    """How the sweep finds candidates: `items` is where the answer holds them.

    `ids` gives the parts of the id that an item tells, each by its path in the item; `status` and `start`, the moment
    it began, are paths too. `page` names the continuation key, the same in answer and argument; empty where the first
    page is enough. A listing `within` another is made for each item of that one, whose parts its arguments may name;
    an error that contains a word of `none` means that there are none in it.

    `as_read` is set where an item holds all that the kind's first read tells: the name of the read's member that it is,
    "" where it is the whole answer. The sweep then looks a second time only at what it is about to stop.
    """

    call: Call
    items: str
    ids: Mapping[str, str]
    status: str = ""
    start: str = ""
    page: str = "NextToken"
    none: tuple[str, ...] = ()
    within: "Listing | None" = None
    as_read: str | None = None

    @property
    def calls(self) -> tuple[Call, ...]:
        """Its own call, after those of what it lies within."""
        return (*(self.within.calls if self.within else ()), self.call)


@dataclass(frozen=True)
class StartEvent:
    """An event that says one was started: an API call in the trail, or a service's own event about a change of state.

    `ids` gives the parts of the id, each by its path in the event's detail; a path through a list (`items[]`) tells of
    several at once. `where` are further conditions on the detail. `origin`, where there is one, is the path of what the
    request said of its own origin.
    """

    source: str
    ids: Mapping[str, str]
    detail_type: str = API_CALL
    where: Mapping[str, Json] = field(default_factory=dict)
    origin: str = ""

    @property
    def by_call(self) -> bool:
        """Whether it tells who made a call."""
        return self.detail_type == API_CALL

    @property
    def names(self) -> tuple[str, ...]:
        """The API calls that it tells of."""
        names = self.where.get("eventName", ())
        return tuple(str(name) for name in names) if isinstance(names, tuple) else ()

    @property
    def event_source(self) -> str:
        """The service in the trail; empty where it is no call."""
        sources = self.where.get("eventSource")
        return str(sources[0]) if isinstance(sources, tuple) else ""

    @property
    def several(self) -> bool:
        """Whether one event may tell of several resources."""
        return any("[]" in path for path in self.ids.values())

    @property
    def pattern(self) -> Mapping[str, Json]:
        """What EventBridge selects it by."""
        # Nobody can forge a source that begins with `aws.`; event names are not unique across services.
        return {"source": [self.source], "detail-type": [self.detail_type], "detail": self.where}


def api_call(
    service: str, names: tuple[str, ...], ids: Mapping[str, str], origin: str = ""
) -> StartEvent:
    """Calls of a service, by its name in the trail (`glue` of `glue.amazonaws.com`), that did not fail."""
    where: Mapping[str, Json] = {
        "eventSource": (f"{service}.amazonaws.com",),
        "eventName": names,
        "errorCode": ({"exists": False},),
    }
    return StartEvent(f"aws.{service}", ids, where=where, origin=origin)


@dataclass(frozen=True)
class Tags:
    """Where its tags are: a path below the reads, to a list of Key/Value pairs or to a mapping."""

    path: str
    pairs: bool = True


class Sign(StrEnum):
    """What a value must be to say something."""

    TRUE = "true"
    EMPTY = "empty"
    """Nothing there, or a mapping without members."""


@dataclass(frozen=True)
class Kept:
    """A value that says that it must not be stopped: what stands at `path` is `value`, or has the sign."""

    path: str
    reason: str
    value: Sign | str = Sign.TRUE


@dataclass(frozen=True)
class IdleSamples:
    """Idle when its status is `status` and each CloudWatch sample of the window is `value`.

    `read` is made as the read named `idle`. `samples` is the path of the values below its answer, `period` what lies
    between two. Too few samples say nothing.
    """

    read: Call
    samples: str
    period: timedelta
    status: str
    value: float = 1.0


@dataclass(frozen=True)
class IdleSince:
    """Idle when its status is `status`; `since` is the path of the moment since when."""

    status: str
    since: str


class PriceBook(Protocol):
    """Prices per hour in USD, None where unknown."""

    def rate(self, item: str, region: Region) -> Decimal | None: ...


@dataclass(frozen=True)
class Worth:
    """What an hour of it costs and how long it would have run on, each None where it is not known."""

    usd_per_hour: Decimal | None
    hours: Decimal | None
    basis: str


@dataclass(frozen=True)
class Kind:
    """A governed kind of resource.

    `parts` name what its id is made of, joined by `/`; only the first may hold a `/` itself. `reads` are made in order.
    The first tells whether it exists: an error that contains a word of `gone` means that it does not. `optional` reads
    may fail: whether it may be stopped must not hang on them. `start` is the path of when it began to run. `facts` are
    what `worth` needs, by name. `busy` are paths to lists that say, unless empty, that it is at work, with the reason.
    `arn_told` is the path of the ARN below the first read, where the service tells it: no two spell names alike.
    `kept_tags` are tag keys, `*` allowed, that say that it must not be stopped, with the reason. `owner` is the path of
    whose it is where no tag and no event tells. `default` kinds are governed where a policy names none. `loses` says in
    words what stopping loses, `price` how a stop is priced. `ends_itself` is after how long one ends by itself whose
    maker did not say otherwise.
    """

    key: str
    title: str
    starts: tuple[StartEvent, ...]
    listing: Listing
    arn: str
    reads: Mapping[str, Call]
    gone: tuple[str, ...]
    status: str
    phases: Mapping[str, Phase]
    start: str
    tags: Tags | None
    stop: Call
    facts: Mapping[str, str]
    worth: Callable[[Document, PriceBook, Region], Worth]
    loses: str
    price: str
    parts: tuple[str, ...] = ("id",)
    optional: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    kept_tags: Mapping[str, str] = field(default_factory=dict)
    busy: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    arn_told: str = ""
    keep: Call | None = None
    idle: IdleSamples | IdleSince | None = None
    default: bool = True
    default_grace: timedelta = timedelta(hours=4)
    default_idle: timedelta | None = None
    ends_itself: timedelta | None = None

    @property
    def calls(self) -> tuple[Call, ...]:
        """All that governing it takes: to list, to look, to stop, to keep it alive."""
        idle = (self.idle.read,) if isinstance(self.idle, IdleSamples) else ()
        keep = (self.keep,) if self.keep else ()
        return (*self.listing.calls, *self.reads.values(), *idle, self.stop, *keep)

    def phase(self, status: str) -> Phase | None:
        """What `status` means, None for one that AWS has added since: nobody stops what nobody knows."""
        return self.phases.get(status)

    def told_by(self, start: StartEvent, detail: Json) -> tuple[str, ...]:
        """The ids that an event's detail tells of."""
        if start.several:
            (found,) = (pick(detail, path) for path in start.ids.values())
            return tuple(str(each) for each in found) if isinstance(found, list) else ()
        return (self.identifier({part: text(detail, path) for part, path in start.ids.items()}),)

    def identifier(self, parts: Mapping[str, str]) -> str:
        """The id that these parts make."""
        return "/".join(parts.get(name, "") for name in self.parts)

    def parts_of(self, identifier: str) -> Mapping[str, str]:
        """The parts of an id; those before a missing one are empty."""
        values = identifier.rsplit("/", len(self.parts) - 1)
        missing = [""] * (len(self.parts) - len(values))
        return dict(zip(self.parts, [*missing, *values], strict=True))
