"""Cost Explorer: `GetCostAndUsage` over costs that somebody put in through `POST /localaws/costs`.

Nothing that runs in local AWS is reckoned: costs are what they are told to be, and none where nobody told any.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from moto.ce.responses import CostExplorerResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from guardian.localaws.bridges.organizations import organization_of
from guardian.localaws.world import World

DIMENSIONS = ("SERVICE", "LINKED_ACCOUNT", "OPERATION", "USAGE_TYPE", "REGION", "RECORD_TYPE")
METRIC = "UnblendedCost"
OLDEST = timedelta(days=14 * 31)
GROUPINGS = 2
PAGE = 5000


@dataclass(frozen=True)
class Entry:
    """A cost of a day; `dimensions` by Cost Explorer's names."""

    day: date
    usd: Decimal
    dimensions: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)


class Validation(ServiceException):
    code = "ValidationException"


class Costs:
    """What was put in, and how many groups a page of an answer has."""

    def __init__(self, world: World) -> None:
        self._clock = world.clock
        self._entries: list[Entry] = []
        self._page = PAGE

    def clear(self) -> None:
        self._entries, self._page = [], PAGE

    def put(self, told: Any) -> Any:
        """Add the entries of `{"entries": [...], "page": 5000}`; each may be told several times."""
        if not isinstance(told, dict) or not isinstance(told.get("entries", []), list):
            raise ValueError('wants {"entries": [...], "page": 5000}')  # noqa: TRY004 - a ValueError is a 400
        entries = [_entry(each) for each in told.get("entries", [])]
        self._page = int(told.get("page", self._page))
        self._entries += entries
        return {"entries": len(self._entries)}

    def answer(self, account: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        since, until = self._period(asked.get("TimePeriod", {}))
        monthly = _monthly(asked.get("Granularity"))
        groups = [_grouping(each) for each in asked.get("GroupBy", ())]
        if len(groups) > GROUPINGS:
            raise Validation("GroupBy supports at most two groups.")
        if asked.get("Metrics") != [METRIC]:
            raise NotImplementedError
        condition = asked.get("Filter")
        visible = _visible(account)
        found = [
            entry
            for entry in self._entries
            if since <= entry.day < until
            and (visible is None or entry.dimensions["LINKED_ACCOUNT"] in visible)
            and (not condition or _fits(entry, condition))
        ]
        periods = list(_periods(since, until, monthly=monthly))
        cells = [cell for period in periods for cell in _cells(period, found, groups)]
        shown, more = self._paged(cells, asked.get("NextPageToken"))
        today = self._clock.now().date()
        return {
            "GroupDefinitions": [{"Type": kind, "Key": key} for kind, key in groups],
            "ResultsByTime": [_result(p, shown, today, grouped=bool(groups)) for p in periods],
            "DimensionValueAttributes": [],
            **more,
        }

    def _period(self, period: Mapping[str, str]) -> tuple[date, date]:
        try:
            since, until = (date.fromisoformat(period[name]) for name in ("Start", "End"))
        except (KeyError, ValueError):
            raise Validation("Start and End time must be dates.") from None
        today = self._clock.now().date()
        if since >= until:
            raise Validation("Start date (and hour) should be before end date (and hour)")
        if since > today:
            raise Validation("start date must not be in the future")
        if since < today - OLDEST:
            raise Validation("You haven't enabled historical data beyond 14 months")
        return since, until

    def _paged(
        self, cells: list["Cell"], token: str | None
    ) -> tuple[list["Cell"], Mapping[str, str]]:
        if not (token or "0").isdecimal():
            raise ServiceException("InvalidNextTokenException", "The token is not valid.")
        first = int(token or 0)
        last = first + self._page
        more = {"NextPageToken": str(last)} if last < len(cells) else {}
        return cells[first:last], more


@dataclass(frozen=True)
class Cell:
    """The costs of a group in a period; no keys where nobody groups."""

    period: tuple[date, date]
    keys: tuple[str, ...]
    usd: Decimal


def _entry(told: Any) -> Entry:
    """What was posted: `day`, `usd`, `account`, `service` and perhaps `operation`, `tags` and other dimensions."""
    try:
        names = {"account": "LINKED_ACCOUNT"}
        dimensions = {
            names.get(name, name.upper()): str(value)
            for name, value in told.items()
            if name not in {"day", "usd", "tags"}
        }
        unknown = dimensions.keys() - set(DIMENSIONS)
        if unknown or not {"LINKED_ACCOUNT", "SERVICE"} <= dimensions.keys():
            raise ValueError(f"wants account and service, and knows nothing of {sorted(unknown)}")
        tags = dict(told.get("tags", {}))
        usual = {"OPERATION": "", "RECORD_TYPE": "Usage"}
        amount = Decimal(str(told["usd"]))
        return Entry(date.fromisoformat(told["day"]), amount, {**usual, **dimensions}, tags)
    except (AttributeError, KeyError, TypeError, InvalidOperation) as error:
        raise ValueError(f"no cost: {told!r}: {error!r}") from error


def _monthly(granularity: str | None) -> bool:
    if granularity == "HOURLY":
        raise NotImplementedError
    if granularity not in {"DAILY", "MONTHLY"}:
        raise Validation("Granularity must be DAILY, MONTHLY or HOURLY.")
    return granularity == "MONTHLY"


def _grouping(told: Mapping[str, str]) -> tuple[str, str]:
    kind, key = told.get("Type", ""), told.get("Key", "")
    if kind not in {"DIMENSION", "TAG"}:
        raise NotImplementedError
    if kind == "DIMENSION" and key not in DIMENSIONS:
        raise Validation(f"Group Definition dimension {key} is invalid.")
    return kind, key


def _visible(account: str) -> frozenset[str] | None:
    """The accounts whose costs an account sees; None for all, as the management account does."""
    backend = organization_of(account)
    return None if backend is not None and backend.account_id == account else frozenset({account})


def _fits(entry: Entry, condition: Mapping[str, Any]) -> bool:
    (kind,) = condition if len(condition) == 1 else ("",)
    told = condition.get(kind)
    match kind:
        case "And":
            return all(_fits(entry, each) for each in told or ())
        case "Or":
            return any(_fits(entry, each) for each in told or ())
        case "Not":
            return not _fits(entry, told or {})
        case "Dimensions" | "Tags":
            return _value(entry, kind, told or {})
        case _:
            raise Validation("An expression has one of And, Or, Not, Dimensions, Tags.")


def _value(entry: Entry, kind: str, told: Mapping[str, Any]) -> bool:
    if told.get("MatchOptions", ["EQUALS"]) != ["EQUALS"]:
        raise NotImplementedError
    if kind == "Dimensions" and told.get("Key") not in DIMENSIONS:
        raise NotImplementedError
    values = entry.dimensions if kind == "Dimensions" else entry.tags
    return values.get(told.get("Key", "")) in told.get("Values", ())


def _periods(since: date, until: date, *, monthly: bool) -> Iterator[tuple[date, date]]:
    while since < until:
        step = (since.replace(day=1) + timedelta(days=31)).replace(day=1)
        end = min(step, until) if monthly else since + timedelta(days=1)
        yield since, end
        since = end


def _cells(
    period: tuple[date, date], entries: Iterable[Entry], groups: list[tuple[str, str]]
) -> Iterator[Cell]:
    since, until = period
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for entry in entries:
        if since <= entry.day < until:
            sums[tuple(_key(entry, kind, key) for kind, key in groups)] += entry.usd
    for keys, usd in sorted(sums.items()):
        yield Cell(period, keys, usd)


def _key(entry: Entry, kind: str, key: str) -> str:
    if kind == "TAG":
        return f"{key}${entry.tags.get(key, '')}"
    return entry.dimensions.get(key, "") or f"No{key.title()}"


def _result(
    period: tuple[date, date], cells: Iterable[Cell], today: date, *, grouped: bool
) -> Mapping[str, Any]:
    since, until = period
    here = [cell for cell in cells if cell.period == period]
    total = sum((cell.usd for cell in here), Decimal(0))
    return {
        "TimePeriod": {"Start": since.isoformat(), "End": until.isoformat()},
        "Total": {} if grouped else _metrics(total),
        "Groups": [{"Keys": list(c.keys), "Metrics": _metrics(c.usd)} for c in here if grouped],
        "Estimated": since >= today.replace(day=1),
    }


def _metrics(usd: Decimal) -> Mapping[str, Any]:
    return {METRIC: {"Amount": f"{usd:f}", "Unit": "USD"}}


def install(world: World) -> None:
    """Answer for costs as they were put in; moto's answer is empty or canned."""
    costs = Costs(world)
    world.on_reset(costs.clear)
    world.listen("/localaws/costs", costs.put)

    def get_cost_and_usage(response: Any) -> ActionResult:
        asked = {
            name: response._get_param(name)
            for name in ("TimePeriod", "Granularity", "Filter", "GroupBy", "Metrics")
            if response._get_param(name) is not None
        }
        token = response._get_param("NextPageToken")
        answer = costs.answer(str(response.current_account), {**asked, "NextPageToken": token})
        return ActionResult(answer)

    CostExplorerResponse.get_cost_and_usage = get_cost_and_usage
