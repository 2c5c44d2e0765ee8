"""What is logged: one event a line, for programs or for people, with what is bound, and without a secret."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from guardian.logs import LogLevel, configure_logs
from guardian.redaction import HIDDEN, redacted

SECRETS = (
    "xoxb-1234567890-abcDEF",
    "xoxe.xoxp-1-Mi0yLTEyMzQ1",
    "xapp-1-A012-345-abcdef",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "IQoJb3JpZ2luX2VjEXAMPLE" * 8,
)
AROUND = st.text(alphabet=" .:;,()[]{}'\"\n<>|", max_size=10)
KEYS = st.sampled_from(
    (
        "token",
        "slack_token",
        "SessionToken",
        "X-Amz-Security-Token",
        "SECRET",
        "client-secret",
        "password",
        "Authorization",
        "code",
        "statement",
        "SecretAccessKey",
        "credentials",
    )
)
log = structlog.get_logger("guardian")


@pytest.fixture(autouse=True)
def _logs_are_as_before() -> Iterator[None]:
    yield
    structlog.contextvars.clear_contextvars()
    configure_logs(LogLevel.ERROR)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@given(st.sampled_from(SECRETS), AROUND, AROUND, st.integers(0, 3))
def test_no_secret_is_logged_wherever_it_is(
    secret: str, before: str, after: str, depth: int
) -> None:
    value: object = f"{before}{secret}{after}"
    for _ in range(depth):
        value = {"inner": [value]}
    assert secret not in json.dumps(redacted({"event": "e", "error": value}))
    assert secret not in str(redacted({str(value): 1}))
    assert secret not in json.dumps(redacted({"error": ValueError(f"{before}{secret}{after}")}))


@given(KEYS, st.text(min_size=1), st.integers(0, 3))
def test_nothing_under_a_secret_key_is_logged(key: str, value: str, depth: int) -> None:
    entry: object = {key: {"x": value} if depth else value}
    for _ in range(depth):
        entry = [entry]
    (found,) = redacted({"event": entry}).values()
    for _ in range(depth):
        assert isinstance(found, list)
        found = found[0]
    assert found == {key: HIDDEN}


@given(
    KEYS.filter(lambda key: key not in {"code", "statement"}), st.sampled_from(["=", ": ", '": "'])
)
def test_no_secret_under_its_name_in_a_text_is_logged(key: str, sign: str) -> None:
    said = redacted({"error": f"cannot do it, {key}{sign}hunter2 is wrong"})
    assert "hunter2" not in str(said)
    assert "is wrong" in str(said)


@given(st.recursive(st.none() | st.integers() | st.text() | st.binary(), st.lists))
def test_whatever_is_logged_can_be_written(value: object) -> None:
    json.dumps(redacted({"value": value}))


def test_what_is_no_secret_stays() -> None:
    entry = {
        "event": "job_failed",
        "error": "glue:StopSession in 111122223333 eu-west-1: AccessDenied: arn:aws:iam::111122223333:role/x",
        "hash": "0a" * 20,
        "in_a_row": 3,
        "status": None,
    }
    assert redacted(entry) == entry


def test_a_line_has_what_is_bound_to_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    with structlog.contextvars.bound_contextvars(job="sweep", run="1f", account="111122223333"):
        log.info("swept", seen=3)
        log.debug("not this")
    (line,) = lines(capsys)
    assert {"job", "run", "account", "timestamp", "level", "event", "seen"} == line.keys()


def test_what_libraries_log_goes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    configure_logs()  # twice is once
    with structlog.contextvars.bound_contextvars(job="sweep"):
        logging.getLogger("urllib3").warning("retrying with %s", SECRETS[0])
        logging.getLogger("botocore.auth").debug("Authorization: %s", SECRETS[0])
    (line,) = lines(capsys)
    assert line["event"] == f"retrying with {HIDDEN}"
    assert (line["job"], line["level"]) == ("sweep", "warning")


def test_credentials_of_requests_are_not_logged_at_the_lowest_level_either(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(LogLevel.DEBUG)
    log.debug("this")
    logging.getLogger("botocore.endpoint").debug("Making request %s", "{}")
    assert [line["event"] for line in lines(capsys)] == ["this"]


def test_a_traceback_is_logged_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    log.error("job_crashed", exc_info=KeyError(SECRETS[0]))
    (line,) = lines(capsys)
    assert str(line["exception"]).startswith("KeyError")
    assert SECRETS[0] not in str(line)


def test_in_a_terminal_a_line_is_for_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_logs()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    log.warning("job_failed", error=SECRETS[0], owner="ana\x1b[2J\u202e")
    log.error("job_crashed", exc_info=KeyError("x"))
    said = capsys.readouterr().err
    assert "job_failed" in said
    assert "\x1b[2J" not in said
    assert "\u202e" not in said
    assert not said.startswith("{")
    assert SECRETS[0] not in said
