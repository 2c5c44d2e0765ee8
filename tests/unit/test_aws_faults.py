import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from guardian.aws.faults import LONGEST, translating
from guardian.errors import AccessDenied, Busy, GuardianError, NotFound, Refused, Unavailable
from guardian.ids import AccountId, Region, Target

WHERE = Target(AccountId("111122223333"), Region("eu-west-1"))


def answered(code: str, message: str = "Why.", status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "GetSession",
    )


def translated(error: Exception, *gone: str) -> GuardianError:
    with pytest.raises(GuardianError) as raised, translating("glue:GetSession", WHERE, gone):
        raise error
    return raised.value


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("AccessDenied", AccessDenied),
        ("AccessDeniedException", AccessDenied),
        ("UnauthorizedOperation", AccessDenied),
        ("ExpiredToken", AccessDenied),
        ("UnrecognizedClientException", AccessDenied),
        ("Throttling", Unavailable),
        ("ThrottlingException", Unavailable),
        ("ThrottledException", Unavailable),
        ("TooManyRequestsException", Unavailable),
        ("RequestLimitExceeded", Unavailable),
        ("InternalServiceException", Unavailable),
        ("OperationInProgressException", Busy),
        ("StaleRequestException", Busy),
        ("StackSetNotFoundException", NotFound),
        ("ResourceNotFoundException", NotFound),
        ("EntityNotFoundException", NotFound),
        ("StateMachineDoesNotExist", NotFound),
        ("NoSuchEntity", NotFound),
        ("ValidationException", Refused),
        ("IllegalSessionStateException", Refused),
        ("SomethingNew", Refused),
    ],
)
def test_a_code_means_what_to_do_next(code: str, meaning: type[GuardianError]) -> None:
    assert type(translated(answered(code))) is meaning


def test_any_server_error_may_work_later() -> None:
    assert type(translated(answered("Whatever", status=500))) is Unavailable
    assert type(translated(answered("503", status=503))) is Unavailable


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (EndpointConnectionError(endpoint_url="https://glue.example"), Unavailable),
        (ReadTimeoutError(endpoint_url="https://glue.example"), Unavailable),
        (ResponseParserError("not XML"), Unavailable),
        (NoCredentialsError(), AccessDenied),
        (ParamValidationError(report="Id is too short"), Refused),
    ],
)
def test_what_never_became_an_answer_is_translated_too(
    error: Exception, meaning: type[GuardianError]
) -> None:
    assert type(translated(error)) is meaning


def test_the_url_that_could_not_be_reached_is_told() -> None:
    error = EndpointConnectionError(endpoint_url="https://glue.example/")
    assert "https://glue.example/" in str(translated(error))


def test_a_kinds_own_words_for_gone_are_understood_in_code_and_message() -> None:
    invalid = answered("InvalidRequestException", "Cluster id 'j-1' is not valid.")
    assert type(translated(invalid, "is not valid")) is NotFound
    assert type(translated(invalid)) is Refused
    assert type(translated(answered("EntityNotFound"), "EntityNotFound")) is NotFound


def test_the_message_is_one_line_that_says_who_where_and_why() -> None:
    error = translated(answered("ValidationException", "It is\n  no\tgood."))
    assert str(error) == (
        "glue:GetSession in 111122223333/eu-west-1: ValidationException: It is no good."
    )


def test_a_long_message_is_cut() -> None:
    told = str(translated(answered("ValidationException", "x" * 10_000)))
    assert told.endswith("xx…")
    assert len(told) < LONGEST + 100


def test_bugs_are_not_hidden() -> None:
    with pytest.raises(KeyError), translating("glue:GetSession", WHERE):
        raise KeyError("a bug")
