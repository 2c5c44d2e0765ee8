"""Settings of a file: what they mean, what is not said, and what is said of wrong ones."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from guardian.brakes import Brakes, Freeze
from guardian.clock import system_now
from guardian.errors import InputError
from guardian.organization import ManagementAccount
from guardian.policy.model import Notify
from guardian.settings import CallAs, load_settings
from guardian.waves import Waves
from tests.unit.setting_files import LEAST, load, problems_of

ROOT = Path(__file__).parents[2]


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


def test_a_missing_directory_or_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none: there is no such directory"):
        load_settings(tmp_path / "none", {})
    with pytest.raises(InputError, match=r"guardian\.yaml: there is no such file"):
        load_settings(tmp_path, {})
