"""Single values out of nodes. Each reader answers a typed value or raises ValueError in words for its writer."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from enum import StrEnum
from functools import cache
from ipaddress import ip_address
from typing import TypeVar
from zoneinfo import available_timezones

from apscheduler.triggers.cron import CronTrigger

from guardian.ids import AccountId, Region, parse_account
from guardian.policy.durations import parse_duration
from guardian.policy.hours import Window, parse_window
from guardian.policy.nearest import hint
from guardian.policy.nodes import Items, Node, Scalar

Choice = TypeVar("Choice", bound=StrEnum)

_NUMBER = re.compile(
    r"[-+]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII
)
_BOOLEAN = re.compile(r"true|false", re.IGNORECASE)
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
CHANNEL = re.compile(r"#[^\s#@]{1,80}|[CG][A-Z0-9]{6,}")
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
_EMPTY = "has no value"


def text(node: Node) -> str:
    """Text that YAML, too, takes for text, and not empty."""
    if not isinstance(node, Scalar):
        raise ValueError(f"must be text, not a {_shape(node)}")  # noqa: TRY004 - see the module
    if node.null or not node.text.strip():
        raise ValueError(_EMPTY)
    if node.plain and _NUMBER.fullmatch(node.text):
        raise ValueError(f'{node.text} is a number to YAML: put it in quotes, "{node.text}"')
    if node.plain and _BOOLEAN.fullmatch(node.text):
        raise ValueError(f'{node.text} is no text to YAML: put it in quotes, "{node.text}"')
    return node.text


def _shape(node: Node) -> str:
    return "list" if isinstance(node, Items) else "mapping"


def account(node: Node) -> AccountId:
    return parse_account(text(node))


def region(known: Collection[Region] | None) -> Callable[[Node], Region]:
    """Reads a region that is one of `known`, or looks like one where none are known."""

    def read(node: Node) -> Region:
        name = text(node)
        if known is None and not REGION.fullmatch(name):
            raise ValueError(f"{name!r} is not a region such as eu-west-1")
        if known is not None and name not in known:
            raise ValueError(f"there is no region {name!r}{hint(name, known)}")
        return Region(name)

    return read


def choice(kind: type[Choice]) -> Callable[[Node], Choice]:
    """Reads one of an enumeration's values."""

    def read(node: Node) -> Choice:
        name = text(node)
        if name not in set(kind):
            raise ValueError(f"{name!r} is not one of its values{hint(name, kind)}")
        return kind(name)

    return read


def pattern(form: str, meaning: str) -> Callable[[Node], str]:
    """Reads text that fits the regular expression `form` as a whole."""

    def read(node: Node) -> str:
        value = text(node)
        if not re.fullmatch(form, value):
            raise ValueError(f"{value!r} is not {meaning}")
        return value

    return read


def duration(node: Node) -> timedelta:
    if isinstance(node, Scalar) and node.plain and _NUMBER.fullmatch(node.text):
        raise ValueError(f"{node.text} has no unit: write {node.text}s, {node.text}m …")
    return parse_duration(text(node))


def interval(node: Node) -> timedelta:
    """A duration of a second or more."""
    span = duration(node)
    if not span:
        raise ValueError("must be longer than 0s")
    return span


def window(node: Node) -> Window:
    """Hours of the day."""
    return parse_window(text(node))


def count(node: Node) -> int:
    """A whole number from 1 up."""
    number = whole(node)
    if not number:
        raise ValueError("must be at least 1")
    return number


def whole(node: Node) -> int:
    """A whole number from 0 up."""
    if not isinstance(node, Scalar) or not re.fullmatch(r"[0-9]{1,9}", node.text):
        raise ValueError(f"must be a whole number, not {_said(node)}")
    return int(node.text)


def share(node: Node) -> float:
    """A number from 0 to 1."""
    fits = isinstance(node, Scalar) and re.fullmatch(r"(0|1|0?\.[0-9]{1,9}|1\.0+)", node.text)
    if not isinstance(node, Scalar) or not fits:
        raise ValueError(f"must be a number from 0 to 1, not {_said(node)}")
    return float(node.text)


def _said(node: Node) -> str:
    if not isinstance(node, Scalar):
        return f"a {_shape(node)}"
    return "nothing" if node.null else repr(node.text)


def day(node: Node) -> date:
    value = text(node)
    try:
        found = date.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.isoformat() != value:
        raise ValueError(f"{value!r} is not a day such as 2027-03-31")
    return found


def cron(node: Node) -> str:
    """Five fields that the scheduler understands, the days of the week by name."""
    fields = text(node)
    try:
        CronTrigger.from_crontab(fields, UTC)
    except ValueError as error:
        raise ValueError(f"{fields!r} is not a five-field cron: {error}") from error
    if re.search(r"[0-9]", fields.split()[4]):
        # cron counts from Sunday and APScheduler from Monday: a silent day too late.
        raise ValueError("write the days of the week by name, mon-fri: their numbers differ")
    return fields


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def timezone(node: Node) -> str:
    name = text(node)
    if name not in _timezones():
        raise ValueError(f"there is no time zone {name!r}{hint(name, _timezones())}")
    return name


def channel(node: Node) -> str:
    """A Slack channel's name with its `#`, or its id."""
    if isinstance(node, Scalar) and node.null:
        raise ValueError(f'{_EMPTY}: quote a channel, "#data-costs", for # begins a comment')
    name = text(node)
    if not CHANNEL.fullmatch(name):
        raise ValueError(f'{name!r} is not a channel such as "#data-costs" or C0123456789')
    return name


def topic(node: Node) -> str:
    """The ARN of an SNS topic that mail may subscribe to: no FIFO topic."""
    return pattern(TOPIC.pattern, "the ARN of an SNS topic, and no FIFO topic")(node)


@dataclass(frozen=True)
class Listen:
    """Where to listen; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_LISTEN = re.compile(r"(?:(?P<host>[0-9.]+|localhost|\[[0-9a-fA-F:.]+\]):)?(?P<port>[0-9]{1,5})")


def listen(node: Node) -> Listen | None:
    """A port, by itself on this machine only, or with the address to listen on; None for `off`."""
    # A port alone is a number to YAML, and means no other one without quotes.
    said = node.text if isinstance(node, Scalar) else _said(node)
    if said.lower() == "off":
        return None
    found = _LISTEN.fullmatch(said)
    host = (found["host"] or "127.0.0.1").strip("[]") if found else ""
    try:
        host = host if host == "localhost" else str(ip_address(host))
    except ValueError:
        found = None
    if found is None or int(found["port"]) > 65535:  # noqa: PLR2004 - the largest port
        raise ValueError(f"{said!r} is not off, a port, or an address such as 127.0.0.1:8080")
    return Listen(host, int(found["port"]))
