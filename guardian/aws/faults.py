"""Turns what botocore raises into guardian's errors, by sets of codes.

The sets are not complete, AWS has no list: what is unknown is Refused, with AWS's own words.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name for what never reached AWS
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from guardian.errors import AccessDenied, Busy, GuardianError, NotFound, Refused, Unavailable
from guardian.ids import Target

LONGEST = 400
"""Of AWS's own words in a message: enough for the longest ARN pair."""
SERVER_ERROR = 500

EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    }
)
"""Codes that say that the credentials themselves are no good any more."""
_DENIED = EXPIRED | {
    "AuthFailure",
    "AuthorizationError",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "OptInRequired",
    "RegionDisabledException",
    "SignatureDoesNotMatch",
}
_DENIED_STARTS = ("AccessDenied", "Unauthorized", "NotAuthorized")
_LATER = frozenset(
    {
        "BandwidthLimitExceeded",
        "InternalFailure",
        "InternalServiceException",
        "OperationTimeoutException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_LATER_STARTS = ("Throttl", "TooManyRequests", "RequestThrottled", "InternalServerError")
_BUSY = frozenset(
    {
        "ConcurrentModificationException",
        "ConflictException",
        "OperationInProgressException",
        "StaleRequestException",
        "StateMachineDeleting",
    }
)
_GONE = frozenset(
    {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "StateMachineDoesNotExist"}
)
_GONE_PARTS = ("NotFound", "NoSuch")
_HAD_BEFORE = "OperationIdAlreadyExistsException"
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    SSOError,
)
_UNREACHED = (HTTPClientError, ConnectionError, ResponseParserError)


class HadBefore(Refused):
    """AWS has been asked for this very operation before, and has begun it."""


@contextmanager
def translating(doing: str, where: Target, gone: Sequence[str] = ()) -> Iterator[None]:
    """Raise guardian's error for botocore's. `doing` is `service:Action`.

    `gone` are words that, in an error's code or message, say that the thing does not exist.
    """
    try:
        yield
    except ClientError as error:
        raise _refusal(error, f"{doing} in {where}", gone) from error
    except (BotoCoreError, ResponseParserError) as error:
        raise _failure(error, f"{doing} in {where}") from error


def code_of(error: ClientError) -> str:
    """AWS's code of an error, `ThrottlingException`."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _refusal(error: ClientError, doing: str, gone: Sequence[str]) -> GuardianError:
    code, said = code_of(error), str(error.response.get("Error", {}).get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = f"{doing}: {code}: {_one_line(said)}"
    if any(word in code or word in said for word in gone):
        return NotFound(message)
    return class_of(code, status)(message)


def class_of(code: str, status: int) -> type[GuardianError]:
    """Guardian's error for AWS's code and the HTTP status that came with it."""
    if code in _DENIED or code.startswith(_DENIED_STARTS):
        return AccessDenied
    if code in _LATER or code.startswith(_LATER_STARTS) or status >= SERVER_ERROR:
        return Unavailable
    if code in _BUSY:
        return Busy
    if code == _HAD_BEFORE:
        return HadBefore
    if code in _GONE or any(part in code for part in _GONE_PARTS):
        return NotFound
    return Refused


def _failure(error: BotoCoreError | ResponseParserError, doing: str) -> GuardianError:
    message = f"{doing}: {type(error).__name__}: {_one_line(str(error))}"
    if isinstance(error, _NO_CREDENTIALS):
        return AccessDenied(f"{message} (no usable AWS credentials)")
    return Unavailable(message) if isinstance(error, _UNREACHED) else Refused(message)


def _one_line(said: str) -> str:
    line = " ".join(said.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
