"""When a call is not made: somebody else acts for guardian by now, or guardian was told to stop."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.client import BaseClient

from guardian.aws.faults import class_of
from guardian.errors import Unavailable


def asked_first(client: BaseClient, acting: Callable[[], object]) -> None:
    """Ask before every attempt at a call of this client; what that raises, the call raises."""

    def ask(**_: object) -> None:
        acting()

    client.meta.events.register_first("before-send", ask)


def given_up(client: BaseClient, ending: Callable[[], bool]) -> None:
    """From when `ending` says so, a call of this client that would be tried again raises Unavailable.

    Its answer might take longer than all the time that is left.
    """

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
