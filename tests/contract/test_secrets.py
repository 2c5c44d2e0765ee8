"""Slack's tokens may lie in Secrets Manager: they are read there, and read again when Slack takes them no more."""

import json
from collections.abc import Iterator
from threading import Event, Thread

import pytest
import structlog
from structlog.testing import capture_logs

from guardian.aws.connect import Aws
from guardian.aws.secrets import AwsSecrets
from guardian.errors import AccessDenied, InputError, NotFound
from guardian.localslack import LocalSlack
from guardian.slack.client import SlackAnnouncer
from guardian.slack.socket import SlackSocket
from guardian.slack.token import Token
from tests.localaws.conftest import Aws as Boto
from tests.scenario.conftest import eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    local = LocalSlack(0, ("#costs",))
    local.start()
    yield local
    local.stop()


@pytest.fixture
def secrets(guardian: Aws) -> AwsSecrets:
    return guardian.secrets


def made(aws: Boto, value: str) -> str:
    arn: str = aws("secretsmanager").create_secret(Name="slack", SecretString=value)["ARN"]
    return arn


def test_a_secret_is_read_whole_or_by_its_key(secrets: AwsSecrets, aws: Boto) -> None:
    document = json.dumps({"bot_token": "xoxb-1\n", "n": 1})
    arn = made(aws, document)
    assert secrets.read(arn) == document
    assert secrets.read(f"{arn}:bot_token::") == "xoxb-1"
    assert secrets.read(f"{arn}:bot_token:AWSCURRENT:") == "xoxb-1"
    for key in ("n", "none"):
        with pytest.raises(InputError, match="no JSON object with the text"):
            secrets.read(f"{arn}:{key}::")


def test_no_value_is_in_an_error(secrets: AwsSecrets, aws: Boto) -> None:
    arn = made(aws, "xoxb-1 {")
    with pytest.raises(InputError) as raised:
        secrets.read(f"{arn}:bot_token::")
    assert "xoxb-1" not in str(raised.value)


def test_an_empty_secret_and_one_that_is_not_there_are_told(
    secrets: AwsSecrets, aws: Boto
) -> None:
    arn = made(aws, json.dumps({"bot_token": ""}))
    with pytest.raises(InputError, match="the secret is empty: write the token into it"):
        secrets.read(f"{arn}:bot_token::")
    with pytest.raises(NotFound):
        secrets.read(arn.replace("slack", "other"))


def test_a_rotated_token_works_without_a_restart(
    secrets: AwsSecrets, aws: Boto, slack: LocalSlack
) -> None:
    arn = made(aws, "revoked")
    announcer = SlackAnnouncer(Token(arn, secrets.read), slack.endpoint)
    with pytest.raises(AccessDenied, match="invalid_auth"):
        announcer.check()
    aws("secretsmanager").put_secret_value(SecretId=arn, SecretString="xoxb-good")
    announcer.check()


def test_a_rotated_app_token_opens_the_socket(
    secrets: AwsSecrets, aws: Boto, slack: LocalSlack
) -> None:
    arn = made(aws, "revoked")
    token, stopping = Token(arn, secrets.read), Event()
    assert token.value() == "revoked"
    aws("secretsmanager").put_secret_value(SecretId=arn, SecretString="xapp-local")
    socket = SlackSocket(token, lambda _: None, lambda _: None, slack.endpoint)
    structlog.reset_defaults()  # a command before may log errors only
    with capture_logs() as logged:
        thread = Thread(target=socket.run, args=(stopping, 5.0, 0.1))
        thread.start()
        try:
            eventually(lambda: "socket_opened" in [entry["event"] for entry in logged])
        finally:
            stopping.set()
            thread.join()


def test_a_plain_token_is_not_read_anywhere(slack: LocalSlack) -> None:
    with pytest.raises(AccessDenied, match="invalid_auth"):
        SlackAnnouncer("revoked", slack.endpoint).check()
