"""The daemon governs by itself, whatever becomes of the policy files, until it is told to stop."""

import sys
from collections.abc import Iterator

import pytest

from guardian.outcome import About, Result
from tests.scenario.conftest import (
    RESEARCH_POLICY,
    SANDBOX_POLICY,
    Installation,
    eventually,
    policies_in,
    session_status,
)

WITHIN = 25.0  # seconds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator[Installation]:
    """An installation whose daemon runs; it looks for drift every three seconds."""
    process = installation.start("run", GUARDIAN_SCHEDULES_DRIFT="30m")
    eventually(lambda: installation.deployed() != {}, within=30)
    eventually(lambda: installation.plan().changes == (), within=30)
    yield installation
    process.terminate()
    sys.stderr.write(process.communicate(timeout=WITHIN)[1])  # pytest shows it when a test fails


@pytest.fixture(autouse=True)
def _policies_are_put_right(installation: Installation) -> Iterator[None]:
    yield
    installation.write(sandbox=SANDBOX_POLICY, research=RESEARCH_POLICY)


def stopped(installation: Installation, session: str) -> bool:
    found = [o.result for o in installation.outcomes() if o.id == session]
    return found == [Result.STOPPED]


def test_a_forgotten_session_is_stopped_and_collected(running: Installation) -> None:
    session = running.cast.person("ana", "ana").open_glue_session("forgotten")
    eventually(lambda: stopped(running, session))
    assert session_status(running.cast, "ana", session) in {"STOPPING", "STOPPED"}


def test_a_rule_that_was_disabled_is_found_and_mended(running: Installation) -> None:
    running.cast.person("ana", "ana").disable_rule("guardian-sandbox-sagemaker-notebook")

    def mended() -> bool:
        found = [f for f in running.findings() if f.about is About.DRIFT]
        return any(f.mended and "sagemaker-notebook" in f.reason for f in found)

    eventually(mended)
    assert not [c for c in running.plan().changes if c.drift]


@pytest.mark.parametrize(
    ("sandbox", "research", "problem"),
    [
        (SANDBOX_POLICY.replace("glue-session", "glue-sesion"), RESEARCH_POLICY, "glue-sesion"),
        (SANDBOX_POLICY.replace("/Sandbox", "/Sandbx"), RESEARCH_POLICY, "there is no OU"),
        ("", "", "there is no policy"),
    ],
    ids=["a typo", "an unknown OU", "no policies"],
)
def test_broken_policies_change_nothing_and_are_told(
    running: Installation, sandbox: str, research: str, problem: str
) -> None:
    before = running.deployed()
    running.write(sandbox=sandbox, research=research)

    def noted() -> bool:
        found = [f.reason for f in running.findings() if f.about is About.POLICY]
        return any(problem in reason for reason in found)

    eventually(noted)
    session = running.cast.person("ana", "ana").open_glue_session(f"forgotten with {problem}")
    eventually(lambda: stopped(running, session))
    assert running.deployed() == before


def test_a_policy_that_changes_is_rolled_out(running: Installation) -> None:
    running.write(research=RESEARCH_POLICY.replace("1h", "2h"))
    eventually(lambda: running.plan().changes != ())
    eventually(lambda: running.plan().changes == ())
    assert policies_in(running.cast, "ravi") == {"guardian-research"}
