"""Settings out of the environment: over the file, instead of it, and what only the environment may say."""

from pathlib import Path

import pytest

from guardian.clock import ScaledClock
from guardian.errors import InputError
from guardian.settings import CallAs, load_settings, sources, variables
from tests.unit.setting_files import LEAST, load, problems_of

LOCAL = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "GUARDIAN_CLOCK": "1795425267.5:0.01"}


IN_ENVIRONMENT = {
    "home_region": "us-east-1",
    "hub.account": "012345678901",
    "hub.region": "us-west-2",
    "hub.bus": "costs",
    "hub.queue_url": "http://127.0.0.1:4566/012345678901/costs",
    "hub.role": "guardian-daemon",
    "call_as": "delegated-admin",
    "member_role": "costs-member",
    "management_account": "govern",
    "management_role": "costs-management",
    "journal": "sqlite:////data/costs.db",
    "policies": "s3://costs-policies/production",
    "templates": "s3://costs-templates/guardian",
    "slack.channel": "#costs",
    "slack.keepers": "S0123456789",
    "slack.digest": "0 7 * * mon",
    "slack.timezone": "Asia/Tokyo",
    "slack.quiet": "skip",
    "slack.sns": "arn:aws:sns:eu-west-1:111122223333:costs",
    "schedules.reconcile": "5m",
    "schedules.sweep": "10m",
    "schedules.drift": "1h30m",
    "schedules.detect": "2d",
    "sweep_margin": "0s",
    "sweep_deadline": "20m",
    "health": "[::1]:9090",
    "brakes.delete_share": "0.0",
    "brakes.stop_share": "0.0",
    "brakes.vanish_share": "1.0",
    "brakes.share_per_sweep": "0.5",
    "brakes.delete_minimum": "0",
    "brakes.stop_minimum": "7",
    "brakes.vanish_minimum": "8",
    "brakes.stops_per_sweep": "0",
    "rollout.bake": "5m",
    "rollout.max_failures": "0.5",
}


@pytest.mark.parametrize("content", [LEAST, "call_as: self\nbrakes:\n"])
def test_the_environment_wins_for_every_setting(tmp_path: Path, content: str) -> None:
    environment = {variables()[name]: value for name, value in IN_ENVIRONMENT.items()}
    assert variables().keys() == IN_ENVIRONMENT.keys()
    assert load(tmp_path, content, **environment).masked().items() >= IN_ENVIRONMENT.items()


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    assert (
        load(tmp_path, LEAST, GUARDIAN_MEMBER_ROLE="", GUARDIAN_CLOCK="").member_role
        == "guardian-member"
    )


def test_the_tokens_come_from_the_environment_and_are_never_shown(tmp_path: Path) -> None:
    settings = load(
        tmp_path, LEAST, SLACK_BOT_TOKEN="xoxb-secret\n", SLACK_APP_TOKEN=" xapp-secret"
    )
    assert (settings.slack.token, settings.slack.app_token) == ("xoxb-secret", "xapp-secret")
    assert settings.masked()["slack.token"] == settings.masked()["slack.app_token"] == "***"
    assert "secret" not in repr(settings) + str(settings.masked())
    in_file = problems_of(tmp_path, LEAST + "slack: {token: xoxb-secret}\n")
    assert "secret" not in str(in_file)


def test_a_wrong_variable_is_told_by_its_name(tmp_path: Path) -> None:
    environment = {
        "GUARDIAN_HUB_ACCOUNT": "1",
        "GUARDIAN_SCHEDULES_SWEPE": "5m",
        "GUARDIAN_PORT": "1",
    }
    assert problems_of(tmp_path, LEAST, **environment) == [
        "GUARDIAN_HUB_ACCOUNT: hub.account: '1' is not an account id: twelve digits",
        "GUARDIAN_SCHEDULES_SWEPE: no such setting; did you mean GUARDIAN_SCHEDULES_SWEEP?",
    ]


@pytest.mark.parametrize(
    "url", ["http://localhost:9000/api", "http://[::1]:9000/api/", "https://slack.example.com/api"]
)
def test_another_slack_may_be_used(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, LEAST, SLACK_API_URL=url).slack.api == url.rstrip("/") + "/"


@pytest.mark.parametrize(
    "url",
    [
        "http://slack.example.com/api/",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "http://[::1",
    ],
)
def test_a_token_is_never_sent_in_the_clear(tmp_path: Path, url: str) -> None:
    assert problems_of(tmp_path, LEAST, SLACK_API_URL=url) == [
        "SLACK_API_URL: must begin with https:// unless it is on this machine"
    ]


def test_a_local_aws_may_have_its_own_clock(tmp_path: Path) -> None:
    settings = load(tmp_path, LEAST, **LOCAL)
    assert settings.clock == ScaledClock(1795425267.5, 0.01)
    assert settings.masked()["clock"] == "scale 0.01"


@pytest.mark.parametrize(
    "endpoints",
    [
        {"AWS_ENDPOINT_URL": ""},
        {"AWS_ENDPOINT_URL": "https://aws.example.com"},
        {"AWS_ENDPOINT_URL_GLUE": "https://glue.eu-west-1.amazonaws.com"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    ],
)
def test_the_real_aws_has_the_real_clock(tmp_path: Path, endpoints: dict[str, str]) -> None:
    assert problems_of(tmp_path, LEAST, **LOCAL | endpoints) == [
        "GUARDIAN_CLOCK: only for a local AWS: AWS_ENDPOINT_URL must be on this machine"
    ]


@pytest.mark.parametrize(
    "clock", ["fast", "1795425267", "1795425267:0", "1795425267:2", "1:nan", "1:1e-9", "-1:1"]
)
def test_a_clock_is_an_origin_and_a_scale(tmp_path: Path, clock: str) -> None:
    assert problems_of(tmp_path, LEAST, **LOCAL | {"GUARDIAN_CLOCK": clock}) == [
        f"GUARDIAN_CLOCK: {clock!r} is not origin:scale with a scale from 1e-05 to 1"
    ]


CONTAINER = {
    "GUARDIAN_HOME_REGION": "eu-west-1",
    "GUARDIAN_HUB_ACCOUNT": "111122223333",
    "GUARDIAN_HUB_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/guardian",
}


@pytest.mark.parametrize("directory", ["", "missing"])
def test_an_environment_that_says_all_that_is_required_needs_no_file(
    tmp_path: Path, directory: str
) -> None:
    told = {**CONTAINER, "GUARDIAN_HEALTH": "8080"}
    settings = load_settings(tmp_path / directory, told)
    assert (settings.home_region, settings.hub.account) == ("eu-west-1", "111122223333")
    assert str(settings.health) == "127.0.0.1:8080"
    assert settings.journal == "sqlite:///var/guardian.db"
    assert sources(tmp_path, told)["hub.account"] == "GUARDIAN_HUB_ACCOUNT"


def test_a_file_that_is_there_is_read_all_the_same(tmp_path: Path) -> None:
    assert (
        load(tmp_path, "call_as: delegated-admin\n", **CONTAINER).call_as is CallAs.DELEGATED_ADMIN
    )
    assert problems_of(tmp_path, "call_us: self\n", **CONTAINER)


@pytest.mark.parametrize("variable", sorted(CONTAINER))
def test_an_environment_that_lacks_something_is_told_what(tmp_path: Path, variable: str) -> None:
    told = {name: value for name, value in CONTAINER.items() if name != variable}
    with pytest.raises(InputError, match=f"no such file, and the environment lacks {variable}$"):
        load_settings(tmp_path, told)


def test_what_the_environment_says_wrong_is_told_with_its_variable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^GUARDIAN_HUB_ACCOUNT: "):
        load_settings(tmp_path, {**CONTAINER, "GUARDIAN_HUB_ACCOUNT": "12"})


def test_a_token_may_be_the_name_of_a_secret_which_is_no_secret(tmp_path: Path) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:slack-AbCdEf:bot_token::"
    settings = load(tmp_path, LEAST, SLACK_BOT_TOKEN=arn)
    assert settings.masked()["slack.token"] == settings.slack.token == arn


def test_an_arn_of_something_else_is_no_token(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"SLACK_APP_TOKEN: 'arn:aws:ssm:.*' names no secret"):
        load(tmp_path, LEAST, SLACK_APP_TOKEN="arn:aws:ssm:eu-west-1:1:parameter/x")
