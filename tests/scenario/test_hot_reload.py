"""Policies that change while the daemon runs: rolled out when right, told of when wrong, never half."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from guardian.demo.cast import HOME
from guardian.jobs.reload import Broken, Notice, news, tell_once
from guardian.localslack import LocalSlack
from guardian.outcome import About
from guardian.slack.client import SlackAnnouncer
from tests.scenario.conftest import (
    CHANNEL,
    RESEARCH_POLICY,
    SANDBOX_POLICY,
    Installation,
    eventually,
    policies_in,
)

WITHIN = 25.0  # seconds
TYPO = SANDBOX_POLICY.replace("glue-session", "glue-sesion")
HOSTILE = SANDBOX_POLICY.replace(
    "mode: stop", "mode: '<!channel> `*x*` &lt; <https://x.example|here>'"
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator[Installation]:
    """An installation whose daemon reconciles so rarely that only a reload brings a change out."""
    process = installation.start("run", GUARDIAN_SCHEDULES_RECONCILE="2d")
    eventually(lambda: installation.deployed() != {}, within=30)
    eventually(lambda: installation.plan().changes == (), within=30)
    yield installation
    process.terminate()
    sys.stderr.write(process.communicate(timeout=WITHIN)[1])  # pytest shows it when a test fails


@pytest.fixture(autouse=True)
def _policies_are_put_right(installation: Installation) -> Iterator[None]:
    yield
    installation.write(sandbox=SANDBOX_POLICY, research=RESEARCH_POLICY, new="")
    if installation.deployed():
        eventually(lambda: all_is_right(installation), within=30)


def all_is_right(installation: Installation) -> bool:
    told = notices(installation)
    return installation.plan().changes == () and (not told or "right" in told[-1]["text"])


def notices(installation: Installation) -> list[Mapping[str, Any]]:
    """The messages about policies in the organization's channel, oldest first."""
    found = [m for m in installation.slack.messages() if "policies are" in m["text"]]
    return sorted(found, key=lambda message: float(message["ts"]))


def fingerprint(installation: Installation, name: str) -> str:
    observed = installation.open().aws.stack_sets.observe()
    return next(stack_set.fingerprint for stack_set in observed if stack_set.name == name)


def test_policies_that_change_are_rolled_out_at_once(running: Installation) -> None:
    before = fingerprint(running, "guardian-research")
    running.write(research=RESEARCH_POLICY.replace("1h", "2h"))
    eventually(lambda: fingerprint(running, "guardian-research") != before, within=30)
    eventually(lambda: running.plan().changes == (), within=30)
    running.write(research="")
    eventually(lambda: "guardian-research" not in running.deployed(), within=30)
    running.write(research=RESEARCH_POLICY)
    eventually(lambda: policies_in(running.cast, "ravi") == {"guardian-research"}, within=30)


def test_broken_policies_are_told_in_slack_once_and_again_when_they_are_right(
    running: Installation,
) -> None:
    before, deployed = len(notices(running)), running.deployed()
    running.write(sandbox=TYPO)
    eventually(lambda: len(notices(running)) > before)
    running.write(sandbox=SANDBOX_POLICY)
    eventually(lambda: len(notices(running)) > before + 1)
    broken, right = notices(running)[before:]
    assert "broken" in broken["text"]
    assert "did you mean glue-session?" in str(broken["blocks"])
    assert "right again" in right["text"]
    found = [f for f in running.findings() if f.about is About.POLICY and "sesion" in f.reason]
    assert len(found) == 1
    assert running.deployed() == deployed


def test_what_stands_in_a_broken_policy_is_shown_and_does_nothing(running: Installation) -> None:
    before = len(notices(running))
    running.write(sandbox=HOSTILE)
    eventually(lambda: len(notices(running)) > before)
    shown = str(notices(running)[before]["blocks"])
    assert "&lt;!channel&gt;" in shown
    assert "<!channel>" not in shown
    assert "<https" not in shown


def test_a_restart_repeats_nothing_and_the_same_mistake_made_anew_is_told_anew(
    slack_server: LocalSlack,
) -> None:
    broken = Broken("0123", ("a.yaml:1:1: ou: is missing",))
    wrong, right = news(None, broken), news(broken, None)
    assert wrong
    assert right

    def told(*each: Notice) -> list[bool]:
        """Whether each was posted, by a guardian that just started."""
        announcers = (SlackAnnouncer("xoxb-any", slack_server.endpoint) for _ in each)
        return [
            tell_once(a, CHANNEL, n) is not None for a, n in zip(announcers, each, strict=True)
        ]

    assert told(right) == [False]
    assert told(wrong, wrong, right, right, wrong, wrong, right) == [
        True, False, True, False, True, False, True,
    ]  # fmt: skip


def test_an_ou_made_a_moment_before_its_policy_is_known(running: Installation) -> None:
    before = len(notices(running))
    cast = running.cast
    cast.estate.client("organizations", HOME).create_organizational_unit(
        ParentId=cast.ous["/"], Name="Brand New"
    )
    running.write(new=f"ou: /Brand New\nregions: [{HOME}]\n")
    eventually(lambda: running.plan().changes == (), within=30)
    running.write(new="", sandbox=SANDBOX_POLICY.replace("mode:", "mood:"))
    eventually(lambda: len(notices(running)) > before)
    assert "no OU" not in str(notices(running)[before:])


def test_an_ou_that_is_renamed_takes_nothing_away(running: Installation) -> None:
    before, deployed = len(notices(running)), running.deployed()
    api = running.cast.estate.client("organizations", HOME)
    unit = running.cast.ous["/Sandbox"]
    api.update_organizational_unit(OrganizationalUnitId=unit, Name="Playground")
    eventually(lambda: len(notices(running)) > before, within=30)
    assert "there is no OU /Sandbox" in str(notices(running)[before]["blocks"])
    assert running.deployed() == deployed
    api.update_organizational_unit(OrganizationalUnitId=unit, Name="Sandbox")
    eventually(lambda: "right again" in notices(running)[-1]["text"], within=30)
