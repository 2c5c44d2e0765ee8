"""Settings: the file, the environment over it, and what is said of wrong ones."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from guardian.brakes import Brakes, Freeze
from guardian.clock import ScaledClock, system_now
from guardian.errors import InputError
from guardian.organization import ManagementAccount
from guardian.policy.model import Notify
from guardian.settings import CallAs, Settings, load_settings, sources, variables
from guardian.waves import Waves

ROOT = Path(__file__).parents[2]
LEAST = """\
home_region: eu-west-1
hub: {account: "111122223333", queue_url: https://sqs.eu-west-1.amazonaws.com/111122223333/guardian}
"""
LOCAL = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "GUARDIAN_CLOCK": "1795425267.5:0.01"}


def load(directory: Path, content: str, **environment: str) -> Settings:
    (directory / "guardian.yaml").write_text(content, encoding="utf-8")
    return load_settings(directory, environment)


def problems_of(directory: Path, content: str, **environment: str) -> list[str]:
    with pytest.raises(InputError) as raised:
        load(directory, content, **environment)
    return [problem.removeprefix(f"{directory}/") for problem in raised.value.problems]


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    settings = load(tmp_path, LEAST)
    assert (settings.hub.region, settings.hub.bus) == ("eu-west-1", "guardian")
    assert settings.call_as is CallAs.SELF
    assert settings.member_role == "guardian-member"
    assert settings.management_account is ManagementAccount.SKIP
    assert settings.management_role == "guardian-management"
    assert settings.journal == "sqlite:///var/guardian.db"
    assert settings.notify == Notify()
    assert settings.schedules.reconcile == timedelta(minutes=30)
    assert settings.schedules.sweep == timedelta(hours=1)
    assert settings.schedules.drift == timedelta(hours=6)
    assert settings.schedules.detect == timedelta(days=1)
    assert settings.sweep_margin == timedelta(minutes=5)
    assert settings.brakes == Brakes()
    assert settings.rollout == Waves()
    assert (settings.slack.token, settings.slack.api) == ("", "https://slack.com/api/")
    assert settings.health is None
    assert settings.clock is system_now


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("8080", "127.0.0.1:8080"),
        ('"8080"', "127.0.0.1:8080"),
        ("0", "127.0.0.1:0"),
        ("0.0.0.0:8080", "0.0.0.0:8080"),
        ("localhost:8080", "localhost:8080"),
        ("'[::1]:8080'", "[::1]:8080"),
        ("off", "off"),
    ],
)
def test_a_port_alone_is_for_this_machine_only(tmp_path: Path, said: str, meant: str) -> None:
    assert load(tmp_path, f"{LEAST}health: {said}\n").masked()["health"] == meant


@pytest.mark.parametrize("said", ["65536", "example.com:80", "1.2.3:80", ":80", "on", "[8080]"])
def test_what_is_no_port_is_told(tmp_path: Path, said: str) -> None:
    (problem,) = problems_of(tmp_path, f"{LEAST}health: {said}\n")
    assert problem.startswith("guardian.yaml:3:9: health: ")
    assert problem.endswith("is not off, a port, or an address such as 127.0.0.1:8080")


def test_the_example_is_valid() -> None:
    settings = load_settings(ROOT / "config", {})
    assert settings.call_as is CallAs.DELEGATED_ADMIN
    assert settings.notify == Notify("#cloud-costs", "0 9 * * mon-fri", "Europe/London")


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


def test_times_without_rollouts_are_read(tmp_path: Path) -> None:
    content = (
        LEAST
        + """\
brakes:
  freeze:
    - {from: 2026-12-20, until: 2027-01-03, reason: year end, timezone: Europe/Berlin}
    - {from: 2027-03-30, until: 2027-04-02}
  hours: {applies: [mon-thu 09:00-16:00], timezone: Europe/Berlin}
"""
    )
    settings = load(tmp_path, content)
    assert settings.brakes.freezes == (
        Freeze(date(2026, 12, 20), date(2027, 1, 3), "year end", "Europe/Berlin"),
        Freeze(date(2027, 3, 30), date(2027, 4, 2)),
    )
    assert str(settings.brakes.hours) == "applies mon-thu 09:00-16:00 Europe/Berlin"
    shown = settings.masked()
    assert shown["brakes.hours"] == str(settings.brakes.hours)
    assert shown["brakes.freeze"] == (
        "2026-12-20 to 2027-01-03 Europe/Berlin year end; 2027-03-30 to 2027-04-02 UTC"
    )


def test_waves_are_lists_of_ous_and_failures_a_percentage(tmp_path: Path) -> None:
    said = """
rollout:
  waves: [[/Sandbox], [/Workloads/Dev, ou-ab12-cdefgh34], [/]]
  bake: 2h
  max_failures: 2.5%
"""
    settings = load(tmp_path, LEAST + said)
    waves = (("/Sandbox",), ("/Workloads/Dev", "ou-ab12-cdefgh34"), ("/",))
    assert settings.rollout == Waves(waves, timedelta(hours=2), 0.025)
    shown = settings.masked()
    assert shown["rollout.waves"] == "/Sandbox; /Workloads/Dev, ou-ab12-cdefgh34; /"
    assert (shown["rollout.bake"], shown["rollout.max_failures"]) == ("2h", "0.025")


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


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("home_regoin: x\n", "3:1: unknown key 'home_regoin'; did you mean home_region?"),
        (
            "brakes: {delete_shar: 1}\n",
            "3:10: brakes: unknown key 'delete_shar'; did you mean delete_share?",
        ),
        (
            "brakes: {delete_share: 30}\n",
            "3:24: brakes.delete_share: must be a number from 0 to 1, not '30'",
        ),
        (
            "brakes: {delete_minimum: -1}\n",
            "3:26: brakes.delete_minimum: must be a whole number, not '-1'",
        ),
        (
            "brakes: {stops_per_sweep: [1]}\n",
            "3:27: brakes.stops_per_sweep: must be a whole number, not a list",
        ),
        (
            "brakes: {stops_per_sweep: }\n",
            "3:10: brakes.stops_per_sweep: must be a whole number, not nothing",
        ),
        (
            "rollout: {waves: [/Sandbox]}\n",
            "3:19: rollout.waves: every wave must be a list of OUs, such as [/Sandbox]",
        ),
        (
            "rollout: {waves: [[Sandbox]]}\n",
            "3:19: rollout.waves: 'Sandbox' is not an OU: a path such as /Sandbox, or an id",
        ),
        (
            "rollout: {waves: [[/A, /B], [/A]]}\n",
            "3:18: rollout.waves: /A is in more than one wave",
        ),
        (
            "rollout: {max_failures: 101%}\n",
            "3:25: rollout.max_failures: must be a number from 0 to 1, not '101%'",
        ),
        ("brakes: {freeze: 2026-12-20}\n", "3:18: brakes.freeze: must be a list"),
        (
            "brakes: {freeze: [{from: 2026-12-20}]}\n",
            "3:19: brakes.freeze[0].until: is missing",
        ),
        (
            "brakes: {freeze: [{from: 2026-12-20, until: 2026-12-20}]}\n",
            "3:45: brakes.freeze[0].until: 2026-12-20 is not after from, 2026-12-20",
        ),
        (
            "call_as: root\n",
            "3:10: call_as: 'root' is not one of its values; known: self, delegated-admin",
        ),
        ("schedules: {sweep: 0s}\n", "3:20: schedules.sweep: must be longer than 0s"),
        (
            "journal: postgres://x\n",
            "3:10: journal: 'postgres://x' is not a journal such as sqlite:///var/guardian.db or dynamodb://guardian",
        ),
        (
            "member_role: a role\n",
            "3:14: member_role: 'a role' is not the name of an IAM role",
        ),
        ("member_role: a/b\n", "3:14: member_role: 'a/b' is not the name of an IAM role"),
        (
            "slack: {channel: costs}\n",
            "3:18: slack.channel: 'costs' is not a channel such as \"#data-costs\" or C0123456789",
        ),
        (
            "slack: {token: xoxb-1}\n",
            "3:9: slack: unknown key 'token'; known: channel, digest, timezone, quiet, sns, keepers",
        ),
        (
            "templates: templates\n",
            "3:12: templates: 'templates' is not a place such as s3://bucket/prefix",
        ),
        (
            "templates: s3://bucket/a b\n",
            "3:12: templates: 's3://bucket/a b' is not a place such as s3://bucket/prefix",
        ),
        ("hub: {}\n", "3:1: hub: written twice, first in line 2"),
        ("a: [\n", "4:1: not YAML: expected the node content, but found '<stream end>'"),
    ],
)
def test_a_problem_is_told_with_its_place(tmp_path: Path, content: str, problem: str) -> None:
    assert problems_of(tmp_path, LEAST + content) == [f"guardian.yaml:{problem}"]


def test_what_has_no_default_must_be_there(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "hub: {bus: [guardian]}\n") == [
        "guardian.yaml:1:1: home_region: is missing",
        "guardian.yaml:1:6: hub.account: is missing",
        "guardian.yaml:1:6: hub.queue_url: is missing",
        "guardian.yaml:1:12: hub.bus: must be text, not a list",
    ]


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


def test_a_missing_directory_or_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none: there is no such directory"):
        load_settings(tmp_path / "none", {})
    with pytest.raises(InputError, match=r"guardian\.yaml: there is no such file"):
        load_settings(tmp_path, {})


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
