"""Every attempt at an AWS call is counted, by service and by what AWS said."""

import pytest

from guardian.aws.connect import Aws
from guardian.aws.tally import result_of
from guardian.errors import AccessDenied
from tests.contract.conftest import Connect, ask_for_fault, in_member
from tests.localaws.conftest import HttpCall


def test_calls_of_every_account_are_counted(guardian: Aws, member: str) -> None:
    assert guardian.clients.own_account  # asked of STS, once
    guardian.clients.call(in_member(member), "glue", "ListSessions")
    assert guardian.clients.calls.counts == {("sts", "ok"): 2, ("glue", "ok"): 1}


def test_a_throttled_attempt_is_counted_beside_the_one_that_came_through(
    guardian: Aws, member: str, http: HttpCall
) -> None:
    ask_for_fault(http, "glue", error="ThrottlingException", status=400, times=1)
    guardian.clients.call(in_member(member), "glue", "ListSessions")
    counts = guardian.clients.calls.counts
    assert (counts["glue", "throttled"], counts["glue", "ok"]) == (1, 1)


def test_what_is_denied_is_counted_so(guardian: Aws, member: str, http: HttpCall) -> None:
    ask_for_fault(http, "glue", error="AccessDeniedException", status=400, times=1)
    with pytest.raises(AccessDenied):
        guardian.clients.call(in_member(member), "glue", "ListSessions")
    assert guardian.clients.calls.counts["glue", "denied"] == 1


@pytest.mark.slow
def test_what_is_never_reached_is_counted_so(
    connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    unreached = connected(attempts=1)
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
        unreached.whoami()
    assert unreached.clients.calls.counts == {("sts", "unreachable"): 1}


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (200, "", "ok"),
        (400, "ThrottlingException", "throttled"),
        (429, "TooManyRequestsException", "throttled"),
        (503, "SlowDown", "throttled"),
        (403, "AccessDenied", "denied"),
        (400, "ExpiredTokenException", "denied"),
        (500, "InternalFailure", "unavailable"),
        (502, "", "unavailable"),
        (400, "EntityNotFoundException", "refused"),
        (400, "WhateverComes", "refused"),
    ],
)
def test_an_answer_has_one_of_few_results(status: int, code: str, result: str) -> None:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert result_of(answer) == result
