"""Paused, guardian changes nothing until it is resumed; a held plan is told once."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from guardian.jobs.reconcile import apply_once, plan_once
from guardian.outcome import Result
from tests.scenario.conftest import (
    RESEARCH_POLICY,
    Installation,
    Run,
    eventually,
    session_status,
)

HELD = 5
WITHIN = 25.0  # seconds
LONGER = RESEARCH_POLICY.replace("1h", "2h")
NO_DELETES = {"GUARDIAN_BRAKES_DELETE_SHARE": "0", "GUARDIAN_BRAKES_DELETE_MINIMUM": "0"}

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _goes_on(installation: Installation) -> Iterator[None]:
    yield
    installation.write(research=RESEARCH_POLICY)
    assert installation.run("resume").code == 0
    assert installation.apply().failed == ()


def document(run: Run) -> Any:
    assert run.err == ""
    return json.loads(run.out)


def fingerprints(installation: Installation) -> Mapping[str, str]:
    found = installation.open().aws.stack_sets.observe()
    return {stack_set.name: stack_set.fingerprint for stack_set in found}


def test_what_is_paused_applies_nothing_not_even_a_released_plan(governed: Installation) -> None:
    before = fingerprints(governed)
    paused = governed.run("pause", "--reason", "we move house")
    assert re.match(r"Guardian is paused by \S+@\S+ since .* UTC: we move house\.", paused.out)
    governed.write(research=LONGER)
    planned = document(governed.run("plan", "--format", "json"))
    assert planned["held"].endswith("we move house")
    shown = governed.run("apply", "--yes")
    assert (shown.code, "guardian resume" in shown.out) == (HELD, True)
    assert governed.run("apply", "--yes", "--release", planned["id"]).code == HELD
    assert fingerprints(governed) == before
    assert governed.run("resume").code == 0
    assert governed.run("apply", "--yes").code == 0
    assert fingerprints(governed) != before


def test_a_pause_during_a_rollout_ends_it_before_the_next_operation(
    governed: Installation,
) -> None:
    governed.write(research="")
    assert governed.apply().failed == ()
    governed.write(research=RESEARCH_POLICY)
    guardian = governed.open()
    answers = iter(["", *["paused"] * 10])
    world, now = guardian.world(), guardian.now()
    fleet = guardian.fleet(world.organization)
    made = plan_once(fleet, world.governance, world.organization, guardian.brakes, now)
    applied = apply_once(
        fleet, made, guardian.journal, lambda *_: None, now, halted=lambda: next(answers)
    )
    assert [change.action for change in applied.done] == ["create stack set"]
    assert {why for _, why in applied.waiting} == {"paused"}
    assert governed.apply().failed == ()


def test_a_sweep_only_observes_while_guardian_is_paused(governed: Installation) -> None:
    cast = governed.cast
    cast.aws.post(
        "/localaws/trail",
        {"logging": False, "account": cast.accounts["ana"], "region": "eu-west-1"},
    )
    session = cast.person("ana", "ana").open_glue_session("nobody told of it")
    eventually(lambda: session_status(cast, "ana", session) == "READY")
    assert governed.run("pause").code == 0

    def seen() -> set[str]:
        swept = document(governed.run("sweep", "--format", "json", GUARDIAN_SWEEP_MARGIN="0s"))
        return {o["outcome"] for o in swept["outcomes"] if o["id"] == session}

    assert eventually(seen) == {Result.WOULD_STOP}
    assert "Nothing was stopped: guardian is paused by" in governed.run("sweep").out
    assert session_status(cast, "ana", session) == "READY"
    assert governed.run("resume").code == 0
    assert eventually(seen) == {Result.STOPPED}


def test_status_and_digest_tell_of_a_pause(governed: Installation) -> None:
    assert document(governed.run("status", "--format", "json"))["paused"] is None
    governed.run("pause", "--reason", "audit week")
    status = document(governed.run("status", "--format", "json"))
    assert status["paused"]["reason"] == "audit week"
    assert "audit week" in governed.run("status").out
    (digest,) = document(governed.run("digest", "--format", "json"))
    assert any(f["reason"].endswith("audit week") for f in digest["findings"])
    governed.run("resume")
    (digest,) = document(governed.run("digest", "--format", "json"))
    assert any(f["mended"] and "resumed by" in f["reason"] for f in digest["findings"])


def test_pausing_twice_keeps_the_first_and_resuming_twice_says_so(governed: Installation) -> None:
    first = governed.run("pause", "--reason", "first")
    assert governed.run("pause").out == first.out
    assert "second" in governed.run("pause", "--reason", "second").out
    assert governed.run("resume").code == 0
    assert "not paused" in governed.run("resume").out


@contextmanager
def daemon(installation: Installation, **changed: str) -> Iterator[subprocess.Popen[str]]:
    process = installation.start("run", **changed)
    try:
        yield process
    finally:
        process.terminate()
        sys.stderr.write(
            process.communicate(timeout=WITHIN)[1]
        )  # pytest shows it when a test fails


def held_notices(installation: Installation) -> list[Mapping[str, Any]]:
    return [m for m in installation.slack.messages() if "is held" in m["text"]]


def test_a_daemon_tells_of_a_held_plan_once_whatever_its_restarts(
    governed: Installation,
) -> None:
    governed.write(research="")
    plan = governed.plan().id
    for _ in range(2):  # a restart tells nothing twice
        with daemon(governed, **NO_DELETES) as process:
            assert process.stderr
            assert any('"event": "noticed"' in line for line in process.stderr)
    (notice,) = held_notices(governed)
    assert f"Plan {plan} is held" in notice["text"]
    assert f"guardian apply --release {plan}" in str(notice["blocks"])
    assert "guardian-research" in governed.deployed()


def test_a_paused_daemon_rolls_nothing_out_and_goes_on_when_it_is_resumed(
    governed: Installation,
) -> None:
    governed.run("pause", "--reason", "night shift")
    before = fingerprints(governed)
    governed.write(research=LONGER)
    with daemon(governed, GUARDIAN_SCHEDULES_DRIFT="2d"):
        eventually(lambda: sum("night shift" in f.reason for f in governed.findings()) > 2)
        assert fingerprints(governed) == before
        governed.run("resume")
        eventually(lambda: fingerprints(governed) != before, within=WITHIN)
