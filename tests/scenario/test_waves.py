"""A changed policy goes to one OU after the other, and back where it does harm."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from guardian.demo.cast import HOME, RESEARCH, SANDBOX, Cast
from guardian.ids import Slug
from guardian.localslack import LocalSlack
from guardian.outcome import About
from guardian.plan import Action
from guardian.stack import names
from tests.scenario.conftest import Installation, eventually, installed

pytestmark = pytest.mark.slow
EVERYONE = """\
ou: /
mode: observe
regions: [eu-west-1]
kinds:
  glue-session: {{grace: {grace}}}
"""
WAVES = f"""\
rollout:
  waves: [[{SANDBOX}], ["{RESEARCH}"], [/]]
  bake: {{bake}}
"""
WAVE = ({"ana", "ben"}, {"ravi"}, {"pat"})
LONG = "2d"
"""A bake that no test sees the end of."""


@pytest.fixture
def governed(
    cast: Cast, slack_server: LocalSlack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """One policy for everybody, rolled out; from now on by waves."""
    directory = tmp_path_factory.mktemp("waves") / "config"
    with installed(cast, slack_server, directory) as made:
        made.write(sandbox="", research="", everyone=EVERYONE.format(grace="1h"))
        assert made.apply().failed == ()
        yield made
        for who in ("ana", "pat"):
            let_stacks_fail(cast, who, None)


def by_waves(installation: Installation, bake: str) -> None:
    path = installation.directory / "guardian.yaml"
    plain = path.read_text().partition("rollout:")[0]
    path.write_text(plain + WAVES.format(bake=bake))


def let_stacks_fail(cast: Cast, who: str, reason: str | None) -> None:
    fault = {"account": cast.accounts[who], "reason": reason}
    cast.aws.post("/localaws/stacksets/faults", fault)


def definition(cast: Cast, who: str) -> str:
    """What the policy's state machine does in somebody's account."""
    name = names.machine(Slug("everyone"), "glue-session")
    arn = f"arn:aws:states:{HOME}:{cast.accounts[who]}:stateMachine:{name}"
    machines = cast.person("admin", who).client("stepfunctions")
    return str(machines.describe_state_machine(stateMachineArn=arn)["definition"])


def changed(installation: Installation, grace: str) -> dict[str, str]:
    """Change the policy; answers what everybody had before."""
    before = {who: definition(installation.cast, who) for wave in WAVE for who in wave}
    installation.write(everyone=EVERYONE.format(grace=grace))
    return before


def updated(installation: Installation, before: dict[str, str]) -> set[str]:
    return {who for who, old in before.items() if definition(installation.cast, who) != old}


def test_a_changed_policy_goes_to_the_canaries_and_then_to_the_rest(
    governed: Installation,
) -> None:
    by_waves(governed, LONG)
    before = changed(governed, "2h")
    assert governed.apply().failed == ()
    assert updated(governed, before) == WAVE[0]

    shown = governed.run("plan", COLUMNS="200")
    assert "Nothing to do" in shown.out
    assert "waits for wave 1 of 3 to bake until" in " ".join(shown.out.split())
    assert governed.apply().done == ()

    by_waves(governed, "1s")
    (change,) = eventually(lambda: governed.plan().changes)
    assert change.reason.startswith(f"wave 2 of 3: {RESEARCH}; ")
    assert governed.apply().failed == ()
    assert updated(governed, before) == WAVE[0] | WAVE[1]

    eventually(lambda: governed.apply().done)
    assert updated(governed, before) == WAVE[0] | WAVE[1] | WAVE[2]
    assert governed.plan().changes == ()
    assert [f for f in governed.findings() if f.about is About.ROLLOUT] == []


def test_a_wave_bakes_for_as_long_as_is_said(governed: Installation) -> None:
    by_waves(governed, "1h")
    before = changed(governed, "3h")
    began = governed.open().now()
    assert governed.apply().failed == ()
    eventually(lambda: governed.apply().done)
    assert governed.open().now() - began > timedelta(hours=1)
    assert updated(governed, before) == WAVE[0] | WAVE[1]


def test_a_policy_that_fails_with_the_canaries_is_taken_back_and_not_tried_again(
    governed: Installation,
) -> None:
    cast = governed.cast
    by_waves(governed, LONG)
    former = governed.open().aws.stack_sets.observe()
    before = changed(governed, "4h")
    let_stacks_fail(cast, "ana", "not in this account")
    assert len(governed.apply().failed) == 1
    assert updated(governed, before) == {"ben"}
    let_stacks_fail(cast, "ana", None)

    shown = governed.run("plan", COLUMNS="200")
    words = " ".join(shown.out.split())
    assert "put former template back" in words
    assert f"wave 1 of 3: {SANDBOX}: 1 of 2 bad: {cast.accounts['ana']}/{HOME} failed:" in words

    (back,) = governed.apply().done
    assert back.action is Action.ROLL_BACK
    assert updated(governed, before) == set()
    after = governed.open().aws.stack_sets.observe()
    assert [s.fingerprint for s in after] == [s.fingerprint for s in former]

    for _ in range(2):
        assert governed.apply().done == ()
    said = [f.reason for f in governed.findings() if "is taken back" in f.reason]
    assert len(said) == 1
    assert "not in this account" in said[0]
    assert "was taken back" in " ".join(governed.run("plan", COLUMNS="200").out.split())


def test_a_policy_that_was_taken_back_is_tried_again_when_somebody_says_so(
    governed: Installation,
) -> None:
    by_waves(governed, LONG)
    before = changed(governed, "5h")
    let_stacks_fail(governed.cast, "ana", "not today")
    governed.apply()
    let_stacks_fail(governed.cast, "ana", None)
    governed.apply()
    assert governed.plan().changes == ()

    (skip, *_) = (s for s in governed.plan().skips if "--release" in s.reason)
    mark = skip.reason.partition("--release ")[2].split()[0]
    released = governed.run("apply", "--yes", "--release", mark)
    assert released.code == 0, released.out + released.err
    assert updated(governed, before) == WAVE[0]


def test_a_wave_of_an_ou_that_is_not_there_is_told(governed: Installation) -> None:
    by_waves(governed, LONG)
    path = governed.directory / "guardian.yaml"
    path.write_text(path.read_text().replace(SANDBOX, "/Sandbx"))
    refused = governed.run("plan")
    assert refused.code
    assert "rollout.waves: there is no OU /Sandbx; did you mean /Sandbox?" in refused.err
