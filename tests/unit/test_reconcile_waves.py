"""Rollouts by waves with stack sets in memory: what is kept, put back, and looked at."""

from dataclasses import replace
from datetime import timedelta

import pytest

from guardian.errors import AccessDenied, Unavailable
from guardian.ids import OuPath, Target
from guardian.jobs import templates
from guardian.outcome import About
from guardian.plan import Action, InstanceStatus
from guardian.repair import Drift, What
from guardian.waves import Waves
from tests.unit.conftest import Book
from tests.unit.fleets import ACCOUNTS, FINGERPRINTS, SLUGS
from tests.unit.installations import Installation
from tests.unit.policies import IRELAND

ONE, TWO, *_ = ACCOUNTS
ALPHA = SLUGS[0]
NAME = "guardian-alpha"
NEW = FINGERPRINTS[NAME]
BOTH = dict.fromkeys((ONE, TWO), ALPHA)
HERE, THERE = Target(ONE, IRELAND), Target(TWO, IRELAND)
BAKE = timedelta(minutes=30)
CHANGED = Drift(What.MACHINE_CHANGED, "guardian-alpha-glue-session")


@pytest.fixture
def installation(journal: Book) -> Installation:
    """Two accounts, the first in the sandbox, that have a former template; the sandbox goes first."""
    made = Installation(journal, ous={ONE: OuPath("/Sandbox")})
    made.apply(BOTH)
    has(made, "old")
    made.waves = Waves((("/Sandbox",), ("/",)), BAKE, 0)
    return made


def has(installation: Installation, fingerprint: str) -> None:
    """All of the stack set has another template."""
    sets = installation.rollout.sets
    sets[NAME] = replace(
        sets[NAME], fingerprint=fingerprint, template=f"text of {fingerprint}", rollout=fingerprint
    )


def statuses(installation: Installation) -> dict[Target, InstanceStatus]:
    return {i.target: i.status for i in installation.rollout.sets[NAME].instances}


def rollout_findings(installation: Installation) -> list[str]:
    found = installation.journal.all_findings()
    return [f.reason for f in found if f.about is About.ROLLOUT and "taken back" in f.reason]


def test_a_wave_is_done_and_what_it_replaces_is_kept(installation: Installation) -> None:
    (change,) = installation.apply(BOTH).done
    assert (change.action, change.target) == (Action.UPDATE_STACK_SET, HERE)
    assert statuses(installation) == {HERE: InstanceStatus.CURRENT, THERE: InstanceStatus.OUTDATED}
    kept = templates.former(installation.journal, NAME)
    assert kept == templates.Former("old", "text of old", stops=False, rollout="old")


def test_a_bad_wave_puts_the_former_template_back_and_says_so_once(
    installation: Installation,
) -> None:
    installation.rollout.failing[ONE] = "no"
    installation.apply(BOTH)
    installation.rollout.failing.clear()
    (change,) = installation.apply(BOTH).done
    assert change.action is Action.ROLL_BACK
    there = installation.rollout.sets[NAME]
    assert (there.fingerprint, there.template) == ("old", "text of old")
    assert set(statuses(installation).values()) == {InstanceStatus.CURRENT}
    installation.apply(BOTH)
    assert installation.plan(BOTH).plan.changes == ()
    (said,) = rollout_findings(installation)
    assert said == (
        f"template {NEW[:8]} is taken back: wave 1 of 2: /Sandbox: 1 of 1 bad: {HERE} failed: no; it "
        f"is not tried again until the policy changes or guardian apply --release {NEW[:8]}"
    )


def test_a_way_back_that_was_cut_short_is_gone_to_its_end(installation: Installation) -> None:
    installation.apply(BOTH)
    installation.inside.drifted[HERE] = (CHANGED,)
    installation.rollout.errors[NAME] = Unavailable("throttled")
    assert [c.action for c, _ in installation.apply(BOTH).failed] == [Action.ROLL_BACK]
    installation.rollout.errors.clear()
    installation.inside.drifted.clear()
    assert [c.action for c in installation.apply(BOTH).done] == [Action.ROLL_BACK]
    assert installation.rollout.sets[NAME].fingerprint == "old"
    assert len(rollout_findings(installation)) == 1


def test_a_rollout_that_is_overtaken_goes_back_to_what_was_there_before_it(
    installation: Installation,
) -> None:
    installation.apply(BOTH)
    sets = installation.rollout.sets
    sets[NAME] = replace(sets[NAME], fingerprint="halfway", rollout="halfway")
    installation.apply(BOTH)
    kept = templates.former(installation.journal, NAME)
    assert kept is not None
    assert kept.fingerprint == "old"


def test_what_was_released_is_tried_again(installation: Installation) -> None:
    installation.rollout.failing[ONE] = "no"
    installation.apply(BOTH)
    installation.rollout.failing.clear()
    installation.apply(BOTH)
    assert not templates.release(installation.journal, "")
    assert not templates.release(installation.journal, NEW[:3])
    assert templates.release(installation.journal, NEW[:8])
    assert not templates.release(installation.journal, NEW[:8])
    assert [c.target for c in installation.apply(BOTH).done] == [HERE]


def test_a_rollout_under_way_is_looked_at_though_nothing_else_is(
    installation: Installation,
) -> None:
    installation.apply(BOTH)
    installation.inside.looked_at.clear()
    installation.plan(BOTH, probing=False)
    assert installation.inside.looked_at == [HERE]
    for _ in range(3):
        installation.rollout.now += 2 * BAKE
        installation.apply(BOTH)
    installation.inside.looked_at.clear()
    assert installation.plan(BOTH, probing=False).plan.changes == ()
    assert installation.inside.looked_at == []


def test_an_account_that_cannot_be_looked_into_ends_a_rollout_after_the_bake(
    installation: Installation,
) -> None:
    installation.apply(BOTH)
    installation.inside.closed[ONE] = AccessDenied("no guardian-member")
    assert installation.plan(BOTH, probing=False).plan.changes == ()
    installation.rollout.now += BAKE
    (change,) = installation.plan(BOTH, probing=False).plan.changes
    assert change.action is Action.ROLL_BACK
    assert "cannot be looked into" in change.reason


def test_with_one_wave_all_goes_at_once_and_nothing_is_kept(installation: Installation) -> None:
    installation.waves = Waves()
    (change,) = installation.apply(BOTH).done
    assert (change.action, change.target) == (Action.UPDATE_STACK_SET, None)
    assert templates.former(installation.journal, NAME) is None
