"""A setting names a secret as ECS does, or is refused with the right way to say it."""

import pytest

from guardian.errors import InputError
from guardian.secret_names import SecretName, is_secret, parse_secret

ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:guardian/slack-AbCdEf"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (ARN, SecretName(ARN, "eu-west-1")),
        (f"{ARN}:bot_token::", SecretName(ARN, "eu-west-1", "bot_token")),
        (f"{ARN}::AWSPREVIOUS:", SecretName(ARN, "eu-west-1", "", "AWSPREVIOUS")),
        (f"{ARN}:k::v-1", SecretName(ARN, "eu-west-1", "k", "", "v-1")),
        (
            ARN.replace("aws:", "aws-us-gov:", 1),
            SecretName(ARN.replace("aws:", "aws-us-gov:", 1), "eu-west-1"),
        ),
    ],
)
def test_a_secret_is_named_by_its_arn_and_perhaps_a_key(written: str, name: SecretName) -> None:
    assert is_secret(written)
    assert parse_secret(written) == name


@pytest.mark.parametrize(
    "written",
    [
        "arn:aws:ssm:eu-west-1:111122223333:parameter/slack",
        f"{ARN}:bot_token",
        f"{ARN}:bot_token:",
        "arn:aws:secretsmanager:eu-west-1:11:secret:x",
        f"{ARN}\n",
    ],
)
def test_what_names_no_secret_is_refused(written: str) -> None:
    with pytest.raises(
        InputError, match=r"write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"
    ):
        parse_secret(written)


def test_a_token_is_no_name() -> None:
    assert not is_secret("xoxb-1")
