"""Whether CloudTrail turns API calls of an account and region into events at all.

EventBridge gets `AWS API Call via CloudTrail` only where a trail logs management events that write. An organization's
trail is seen from its members under its ARN, with its status; its selectors may be refused there, and are then unknown.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from guardian.aws.clients import Answer, Clients
from guardian.aws.once import Once
from guardian.errors import AccessDenied, NotFound, Refused
from guardian.ids import Target

Selectors = Mapping[str, Any]
"""An answer of GetEventSelectors."""


class Trails:
    """The trails that log in an account and region. What a trail selects is the same everywhere, and is asked once."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._selectors: Once[str, Selectors | None] = Once()

    def unlogged(self, target: Target, sources: frozenset[str]) -> str:
        """Why no event tells of calls to some of these services; empty where a trail logs them, or may."""
        logging = list(self._logging(target))
        if not logging:
            return "no trail logs there"
        missing = set(sources)
        for arn in logging:
            selectors = self._selected(arn, target)
            if selectors is None:
                return ""
            missing -= logged(selectors, missing)
        if not missing:
            return ""
        return f"no trail logs management events that write of {', '.join(sorted(missing))}"

    def forget(self) -> None:
        self._selectors.forget()

    def _logging(self, target: Target) -> Iterator[str]:
        """The ARNs of the trails that are switched on."""
        for trail in self._clients.call(target, "cloudtrail", "DescribeTrails")["TrailList"]:
            if not trail.get("IsMultiRegionTrail") and trail.get("HomeRegion") != target.region:
                continue
            arn = trail["TrailARN"]
            try:
                status = self._clients.call(target, "cloudtrail", "GetTrailStatus", Name=arn)
            except NotFound:
                continue  # it went since it was listed
            if status.get("IsLogging"):
                yield arn

    def _selected(self, arn: str, target: Target) -> Selectors | None:
        return self._selectors.of(arn, lambda: self._ask(arn, target))

    def _ask(self, arn: str, target: Target) -> Selectors | None:
        try:
            return self._clients.call(target, "cloudtrail", "GetEventSelectors", TrailName=arn)
        except (AccessDenied, NotFound, Refused):
            return None


def logged(selectors: Selectors, sources: Iterable[str]) -> set[str]:
    """Of which of these services it logs management events that write."""
    basic, advanced = selectors.get("EventSelectors"), selectors.get("AdvancedEventSelectors")
    if not basic and not advanced:
        return set(sources)  # a trail without selectors logs all management events
    return {
        source
        for source in sources
        if any(_basic(selector, source) for selector in basic or ())
        or any(_advanced(selector, source) for selector in advanced or ())
    }


def _basic(selector: Answer, source: str) -> bool:
    return (
        selector.get("IncludeManagementEvents", True)
        and selector.get("ReadWriteType", "All") != "ReadOnly"
        and source not in selector.get("ExcludeManagementEventSources", ())
    )


def _advanced(selector: Answer, source: str) -> bool:
    """Other fields than these narrow it further, by names of calls and of callers: those are not followed."""
    has = {"eventCategory": "Management", "readOnly": "false", "eventSource": source}
    fields = [field for field in selector["FieldSelectors"] if field["Field"] in has]
    is_management = any(field["Field"] == "eventCategory" for field in fields)
    return is_management and all(_takes(field, has[field["Field"]]) for field in fields)


def _takes(field: Answer, value: str) -> bool:
    starts, ends = tuple(field.get("StartsWith", ())), tuple(field.get("EndsWith", ()))
    wanted = field.get("Equals") or starts or ends
    unwanted = (
        value in field.get("NotEquals", ())
        or value.startswith(tuple(field.get("NotStartsWith", ())))
        or value.endswith(tuple(field.get("NotEndsWith", ())))
    )
    found = value in field.get("Equals", ()) or value.startswith(starts) or value.endswith(ends)
    return bool(not unwanted and (found or not wanted))
