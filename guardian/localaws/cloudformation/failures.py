"""Why a resource could not be made: what moto's services raise, in words."""

from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

FAILURES = (ServiceException, HTTPException, LookupError, TypeError, ValueError, AttributeError)
"""What moto raises when it refuses properties, or stumbles over them."""


class ResourceFailed(Exception):
    """A resource could not be made, changed or removed."""

    def __init__(self, logical_id: str, reason: str) -> None:
        super().__init__(reason)
        self.logical_id = logical_id


def reason_of(error: BaseException) -> str:
    """The error in words, for the events of a stack."""
    message = getattr(error, "message", None) or getattr(error, "description", None)
    if message is None or isinstance(error, LookupError):
        return f"{type(error).__name__}: {error}"
    return str(message)
