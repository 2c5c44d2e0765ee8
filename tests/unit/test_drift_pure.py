"""Drift that guardian does not mend in place: made anew by CloudFormation, or told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from guardian.brakes import Brakes
from guardian.errors import Busy, GuardianError, Refused
from guardian.ids import Target
from guardian.jobs.detect import detect_once, settled
from guardian.outcome import About
from guardian.plan import Action, DeployedInstance, DeployedStackSet, InstanceStatus
from guardian.repair import Drift, What
from tests.unit.conftest import Book
from tests.unit.fleets import ACCOUNTS, SLUGS
from tests.unit.installations import Installation
from tests.unit.judging import NOW
from tests.unit.policies import IRELAND, VIRGINIA

ONE, TWO, *_ = ACCOUNTS
ALPHA, BETA, _GAMMA = SLUGS
HERE = Target(ONE, IRELAND)
DISABLED = Drift(What.RULE_DISABLED, "guardian-alpha-glue-session")


@pytest.fixture
def installation(journal: Book) -> Installation:
    return Installation(journal)


def test_a_role_that_drifted_has_its_stack_made_anew_and_is_told_once(
    installation: Installation,
) -> None:
    installation.apply({ONE: ALPHA, TWO: ALPHA})
    lost = Drift(What.ROLE_MISSING, "guardian-alpha-eu-west-1-events")
    installation.inside.drifted[HERE] = (DISABLED, lost)
    reason = "drifted, to be made anew: role missing: guardian-alpha-eu-west-1-events and 1 more"
    applied = installation.apply({ONE: ALPHA, TWO: ALPHA})
    assert [(c.action, c.target, c.reason) for c in applied.done] == [
        (Action.DELETE_INSTANCE, HERE, reason),
        (Action.CREATE_INSTANCE, HERE, reason),
    ]
    told = installation.journal.all_findings()
    assert [(f.about, f.reason, f.mended) for f in told] == [(About.DRIFT, reason, True)]


def test_drifted_roles_everywhere_hold_the_plan(installation: Installation) -> None:
    installation.brakes = Brakes(delete_share=0.3, delete_minimum=1)
    installation.apply({ONE: BETA, TWO: BETA})
    lost = Drift(What.ROLE_MISSING, "guardian-beta-eu-west-1-events")
    everywhere = [
        Target(account, region) for account in (ONE, TWO) for region in (IRELAND, VIRGINIA)
    ]
    installation.inside.drifted = dict.fromkeys(everywhere, (lost,))
    seen = installation.plan({ONE: BETA, TWO: BETA})
    assert seen.held == "it would delete 4 of 6 stack instances at once; 1 may go unasked"


@pytest.mark.parametrize(
    ("drift", "about"),
    [
        (Drift(What.UNDELIVERED, "guardian-alpha-undelivered", "3 in it"), About.DRIFT),
        (Drift(What.UNLOGGED, "eu-west-1", "no trail logs there"), About.DRIFT),
        (Drift(What.ROLE_EXTENDED, "guardian-alpha-eu-west-1-events"), About.DRIFT),
        (Drift(What.LEFT_BEHIND, "guardian-other-forward", "rule"), About.DRIFT),
        (Drift(What.UNSEEN, "trails", "denied"), About.ACCESS),
    ],
)
def test_what_people_have_to_put_right_is_told_and_not_planned(
    installation: Installation, drift: Drift, about: About
) -> None:
    installation.apply({ONE: ALPHA})
    installation.inside.drifted[HERE] = (drift,)
    seen = installation.plan({ONE: ALPHA})
    assert (seen.plan.changes, seen.unseen) == ((), ())
    installation.apply({ONE: ALPHA})
    (finding,) = installation.journal.all_findings()
    assert (finding.about, finding.target, finding.mended) == (about, HERE, False)
    assert str(drift.what) in finding.reason


def test_a_stack_that_cloudformation_could_not_delete_is_not_made_anew(
    installation: Installation,
) -> None:
    installation.apply({ONE: ALPHA})
    role = "guardian-alpha-eu-west-1-events"
    installation.inside.drifted[HERE] = (
        DISABLED,
        Drift(What.ROLE_CHANGED, role),
        Drift(What.ROLE_EXTENDED, role, "take away: audit"),
    )
    seen = installation.plan({ONE: ALPHA})
    assert [(c.action, c.drift) for c in seen.plan.changes] == [(Action.REPAIR, DISABLED)]
    assert [f.reason for f in seen.told] == [
        f"role changed: {role}; made anew once no role has more than guardian gave it",
        f"role has more than guardian gave it: {role} (take away: audit)",
    ]


def test_what_another_stack_of_guardians_has_is_not_left_behind(
    installation: Installation,
) -> None:
    installation.apply({ONE: ALPHA})
    beta = DeployedStackSet(
        "guardian-beta", "", (DeployedInstance(HERE, InstanceStatus.INOPERABLE),)
    )
    installation.rollout.sets["guardian-beta"] = beta
    installation.inside.drifted[HERE] = (
        Drift(What.LEFT_BEHIND, "guardian-beta-forward", "rule"),
        Drift(What.LEFT_BEHIND, "guardian-gamma-forward", "rule"),
    )
    (finding,) = installation.plan({ONE: ALPHA}).told
    assert "guardian-gamma-forward" in finding.reason
    assert "guardian-beta-forward" not in finding.reason


@dataclass
class Detection:
    """What CloudFormation says of stack sets, by name."""

    said: Mapping[str, Mapping[Target, str] | GuardianError]

    def detect(self, name: str) -> Mapping[Target, str]:
        said = self.said[name]
        if isinstance(said, GuardianError):
            raise said
        return said


def test_what_cloudformation_sees_is_told_of_every_stack_set_that_is_not_busy(
    journal: Book,
) -> None:
    said: Mapping[str, Mapping[Target, str] | GuardianError] = {
        "a": {HERE: "a queue deleted"},
        "b": Busy("at work"),
        "c": Refused("no"),
        "d": {},
    }
    found = detect_once(Detection(said), said, journal, NOW)
    assert (found.stack_sets, found.drifted, found.waiting) == (("a", "d"), 1, ("b",))
    assert {(f.subject, f.target, f.reason) for f in journal.all_findings()} == {
        ("a", HERE, "CloudFormation sees drift: a queue deleted"),
        ("c", None, "its drift could not be detected: no"),
    }


def test_nothing_more_is_detected_once_guardian_is_to_stop(journal: Book) -> None:
    found = detect_once(Detection({}), ["a"], journal, NOW, halted=lambda: "it ends")
    assert (found.stack_sets, found.waiting) == ((), ("a",))


def test_only_stack_sets_that_are_as_wanted_throughout_are_detected(
    installation: Installation,
) -> None:
    installation.apply({ONE: ALPHA, TWO: BETA})
    desired = installation.plan({ONE: ALPHA, TWO: BETA}).desired
    sets = installation.rollout.sets
    assert set(settled(sets.values(), desired)) == set(sets)
    alpha, beta = sets["guardian-alpha"], sets["guardian-beta"]
    old = tuple(replace(i, status=InstanceStatus.OUTDATED) for i in beta.instances)
    sets["guardian-alpha"] = replace(alpha, busy="UPDATE 1")
    sets["guardian-beta"] = replace(beta, instances=old)
    assert list(settled(sets.values(), desired)) == ["guardian-access"]
    sets["guardian-alpha"] = replace(alpha, fingerprint="of another template")
    sets["guardian-beta"] = replace(beta, instances=())
    assert list(settled(sets.values(), desired)) == ["guardian-access"]
