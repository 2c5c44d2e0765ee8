"""How SageMaker filters, sorts and pages what a List call answers."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import gt, lt
from typing import Any

from moto.sagemaker.exceptions import ValidationError

PAGE = 10
MAX_PAGE = 100
TIME_FILTERS: dict[str, tuple[str, Callable[[datetime, datetime], bool]]] = {
    "CreationTimeAfter": ("CreationTime", gt),
    "CreationTimeBefore": ("CreationTime", lt),
    "LastModifiedTimeAfter": ("LastModifiedTime", gt),
    "LastModifiedTimeBefore": ("LastModifiedTime", lt),
}

Row = Mapping[str, Any]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """A List call: which fields hold name and status, and how it sorts unless told."""

    member: str
    name: str
    status: str
    sort_by: str = "CreationTime"
    sort_order: str = "Ascending"
    # ListTrainingJobs fills its page first and applies StatusEquals to that page.
    status_after_paging: bool = False

    def answer(self, rows: Iterable[Row], params: Row) -> dict[str, Any]:
        """The page that `params` ask for, as the call answers it."""
        found = [row for row in rows if self._matches(row, params)]
        if not self.status_after_paging:
            found = self._with_status(found, params)
        field = str(params.get("SortBy", self.sort_by))
        column = {"Name": self.name, "Status": self.status}.get(field, field)

        def key(row: Row) -> Key:
            return sortable(row[column]), sortable(row[self.name])

        shown, more = page(found, key, {"SortOrder": self.sort_order, **params})
        return {self.member: self._with_status(shown, params), **more}

    def _matches(self, row: Row, params: Row) -> bool:
        return params.get("NameContains", "") in row[self.name] and all(
            compare(_aware(row[field]), _aware(params[name]))
            for name, (field, compare) in TIME_FILTERS.items()
            if name in params
        )

    def _with_status(self, rows: list[Row], params: Row) -> list[Row]:
        return [row for row in rows if params.get("StatusEquals") in (None, row[self.status])]


def page(
    rows: Iterable[Row], key: Callable[[Row], Key], params: Row
) -> tuple[list[Row], dict[str, str]]:
    """One page of `rows` by `key`, and its `NextToken` when there are more.

    The token names the last row, so what is removed or changes meanwhile hides no other row.
    Raises ValidationError on a bad MaxResults or NextToken.
    """
    size = _size(params)
    descending = params.get("SortOrder") == "Descending"
    rest = sorted(rows, key=key, reverse=descending)
    if "NextToken" in params:
        last = _decoded(params["NextToken"])
        beyond = lt if descending else gt
        rest = [row for row in rest if beyond(key(row), last)]
    more = {"NextToken": _encoded(key(rest[size - 1]))} if len(rest) > size else {}
    return rest[:size], more


def sortable(value: Any) -> str:
    """`value` as text that sorts as it does; a time in full."""
    if isinstance(value, datetime):
        return _aware(value).astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)


def _size(params: Row) -> int:
    size = int(params.get("MaxResults", PAGE))
    if not 1 <= size <= MAX_PAGE:
        bound = "greater than or equal to 1" if size < 1 else f"less than or equal to {MAX_PAGE}"
        raise ValidationError(
            f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy "
            f"constraint: Member must have value {bound}"
        )
    return size


def _encoded(key: Key) -> str:
    return urlsafe_b64encode(json.dumps(key).encode()).decode()


def _decoded(token: str) -> Key:
    try:
        decoded = json.loads(urlsafe_b64decode(token))
    except ValueError:
        decoded = None
    if not isinstance(decoded, list):
        raise ValidationError("Invalid NextToken")
    return tuple(str(part) for part in decoded)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
