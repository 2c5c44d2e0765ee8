"""Who has been told to stop tries no call again: its answer may take as long as all of its time."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.client import BaseClient

from guardian.aws.faults import class_of
from guardian.errors import Unavailable


def given_up_by(client: BaseClient, ending: Callable[[], bool]) -> None:
    """From when `ending` says so, a call of this client that would be tried again raises Unavailable."""

    def decide(
        response: tuple[object, Mapping[str, Any]] | None = None,
        caught_exception: Exception | None = None,
        **_: object,
    ) -> None:
        if ending() and (caught_exception or (response and _may_work_later(response[1]))):
            said = caught_exception or "no good answer"
            raise Unavailable(f"told to stop, so it is not tried again: {said}")

    client.meta.events.register_first("needs-retry", decide)


def _may_work_later(answer: Mapping[str, Any]) -> bool:
    error = answer.get("Error")
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return error is not None and class_of(str(error.get("Code", "")), status) is Unavailable
