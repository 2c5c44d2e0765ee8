"""What the journal remembers of templates: the former ones, to be put back, and those that were taken back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from guardian.desire import DesiredState, WantedStackSet
from guardian.documents import Json, pick, text
from guardian.organization import Organization
from guardian.outcome import About, Finding
from guardian.plan import Action, Change, DeployedStackSet
from guardian.ports import Journal
from guardian.waves import Rollout, Waves, in_order
from guardian.waves.stages import MARK
from guardian.waves.standing import Standing

REJECTED = "rejected templates"
"""The name under which the journal keeps them all."""


@dataclass(frozen=True)
class Former:
    """The template that a stack set had everywhere before its last rollout began."""

    fingerprint: str
    template: str
    stops: bool
    rollout: str

    def of(self, wanted: WantedStackSet) -> WantedStackSet:
        """A stack set as it is wanted, with this template."""
        return replace(
            wanted,
            template=self.template,
            fingerprint=self.fingerprint,
            stops=self.stops,
            rollout=self.rollout,
        )


def rollout(
    journal: Journal,
    waves: Waves,
    organization: Organization,
    desired: DesiredState,
    now: datetime,
) -> Rollout:
    """How rollouts go now. Raises InputError for a wave of an OU that is not there."""
    taken_back = rejected(journal)
    kept = {s.name: former(journal, s.name) for s in desired.stack_sets if waves.ous or taken_back}
    formers = {name: found.fingerprint for name, found in kept.items() if found}
    return Rollout(now, in_order(waves, organization), waves, formers, taken_back)


def former(journal: Journal, stack_set: str) -> Former | None:
    """What can be put back into a stack set."""
    kept = journal.recall(_name(stack_set))
    if kept is None:
        return None
    document: Json = json.loads(kept)
    return Former(
        text(document, "fingerprint"),
        text(document, "template"),
        pick(document, "stops") is True,
        text(document, "rollout"),
    )


def rejected(journal: Journal) -> Mapping[tuple[str, str], str]:
    """Why a stack set does not get a template, by its fingerprint."""
    kept: Json = json.loads(journal.recall(REJECTED) or "[]")
    rows = kept if isinstance(kept, list) else []
    return {(text(r, "stack_set"), text(r, "fingerprint")): text(r, "reason") for r in rows}


def release(journal: Journal, mark: str) -> bool:
    """Let templates whose fingerprint begins so be tried again; False where none was rejected."""
    before = rejected(journal)
    after = {k: why for k, why in before.items() if len(mark) < MARK or not k[1].startswith(mark)}
    if after != before:
        _reject(journal, after)
    return after != before


def prepare(
    journal: Journal,
    changes: Iterable[Change],
    desired: DesiredState,
    deployed: Iterable[DeployedStackSet],
    now: datetime,
) -> None:
    """Write down what changes that are about to be made would make us forget: a crash may come between."""
    wanted = {stack_set.name: stack_set for stack_set in desired.stack_sets}
    there = {stack_set.name: stack_set for stack_set in deployed}
    for change in changes:
        if change.action is Action.ROLL_BACK:
            _take_back(journal, change, wanted[change.stack_set].fingerprint, now)
        elif change.action is Action.UPDATE_STACK_SET and change.target:
            want = wanted[change.stack_set]
            _keep(journal, Standing.of(want, there[want.name], desired, Rollout(now)))


def _take_back(journal: Journal, change: Change, fingerprint: str, now: datetime) -> None:
    before = rejected(journal)
    if (change.stack_set, fingerprint) in before:
        return
    _reject(journal, {**before, (change.stack_set, fingerprint): change.reason})
    mark = fingerprint[:MARK]
    said = (
        f"template {mark} is taken back: {change.reason}; it is not tried again until the policy "
        f"changes or guardian apply --release {mark}"
    )
    journal.note([Finding(About.ROLLOUT, change.stack_set, said, now)])


def _reject(journal: Journal, rejections: Mapping[tuple[str, str], str]) -> None:
    rows = [
        {"stack_set": name, "fingerprint": fingerprint, "reason": reason}
        for (name, fingerprint), reason in sorted(rejections.items())
    ]
    journal.remember(REJECTED, json.dumps(rows))


def _keep(journal: Journal, standing: Standing) -> None:
    """Keep what a rollout replaces, unless that had not come everywhere: then what it replaced stays kept."""
    there = standing.there
    begins = there.template and there.fingerprint != standing.wanted.fingerprint
    bad = (there.name, there.fingerprint) in rejected(journal)
    if begins and not bad and not (standing.pending and former(journal, there.name)):
        kept = Former(there.fingerprint, there.template, there.stops, there.rollout)
        journal.remember(_name(there.name), json.dumps(asdict(kept)))


def _name(stack_set: str) -> str:
    return f"former template of {stack_set}"
