"""How a governed kind is declared. One declaration gives its rule, state machine, IAM, sweep, price and docs.

Arguments and ARNs are templates: `{id}`, `{id_lower}`, `{arn}`, `{account}`, `{region}` and `{partition}` stand for the
resource's own, `{now}` and `{idle_from}` for the ends of the idle window as ISO 8601 text.
Paths are those of `guardian.documents`, below the names of the reads: `session.Session.Status`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from guardian.documents import Document, Json
from guardian.ids import Region


class Phase(StrEnum):
    """What a status means for somebody who wants to stop the thing."""

    PENDING = "pending"  # bills or soon will, cannot be stopped yet
    LIVE = "live"  # bills, can be stopped
    ENDING = "ending"  # somebody stopped it already
    OVER = "over"  # bills no more


@dataclass(frozen=True)
class Call:
    """One AWS API call: made by the sweep with boto3, by the state machine with Step Functions, allowed by IAM.

    `service` is boto3's name and `action` the API's (`glue`, `GetSession`); `resource` the ARN template that IAM
    wants, `*` where the action has no resource.
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
    """How the sweep finds candidates: `items` is where the answer holds them, `id` and `status` are paths in one.

    `start` is the path of the moment it began. `page` names the continuation key, the same in answer and argument.
    """

    call: Call
    items: str
    id: str
    status: str
    start: str
    page: str = "NextToken"


@dataclass(frozen=True)
class StartEvent:
    """An event that says one was started. `id` is a path in the event's detail.

    `origin`, where there is one, is the path of what the request said of its own origin.
    """

    source: str
    event_source: str
    names: tuple[str, ...]
    id: str
    origin: str = ""


@dataclass(frozen=True)
class Tags:
    """Where its tags are: a path below the reads, to a list of Key/Value pairs or to a mapping."""

    path: str
    pairs: bool = True


@dataclass(frozen=True)
class Idle:
    """Idle when its status is `status` and each CloudWatch sample of the window is `value`.

    `read` is made as the read named `idle`. `samples` is the path of the values below its answer, `period` what lies
    between two. Too few samples say nothing.
    """

    read: Call
    samples: str
    period: timedelta
    status: str
    value: float = 1.0


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

    `reads` are made in order. The first tells whether it exists: an error that contains a word of `gone` means that it
    does not. `optional` reads may fail: they only serve the price. `start` is the path of when it began to run. `facts`
    are what `worth` needs, by name. `kept` are paths that, when true, say that it must not be stopped, with the reason.
    `ends_itself` is after how long one ends by itself whose maker did not say otherwise.
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
    tags: Tags
    stop: Call
    facts: Mapping[str, str]
    worth: Callable[[Document, PriceBook, Region], Worth]
    optional: tuple[str, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)
    idle: Idle | None = None
    default_grace: timedelta = timedelta(hours=4)
    default_idle: timedelta | None = None
    ends_itself: timedelta | None = None

    def phase(self, status: str) -> Phase | None:
        """What `status` means, None for one that AWS has added since: nobody stops what nobody knows."""
        return self.phases.get(status)
