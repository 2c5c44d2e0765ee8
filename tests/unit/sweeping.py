"""Places, resources and sweeps over them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from guardian.ids import AccountId, OuPath, Slug, Target
from guardian.jobs.sweep import Place, Search, Swept, sweep_once
from guardian.outcome import Finding, Outcome, Result
from guardian.policy.model import Exemption, Limits, Mode, Policy, Rule
from guardian.ports import Origin
from tests.unit.cloud import Cloud
from tests.unit.conftest import Book
from tests.unit.judging import NOW, PRINCIPAL, TARGET, rule, session
from tests.unit.policies import IRELAND

GRACE, MARGIN = timedelta(minutes=30), timedelta(minutes=10)
OTHER = replace(TARGET, account=AccountId("444455556666"))
DEV = Origin(("arn:aws:iam::111122223333:role/dev",), "ana")
PROD = Origin((PRINCIPAL,), "etl")
STUDIO = replace(DEV, origin="GlueStudioNotebook")
FROM_STUDIO = Exemption(origin="GlueStudio*", reason="Studio")
BY_PROD = Exemption(principal="*:role/prod-*", reason="production")
TAGGED = Exemption(tags={"guardian": "keep"})


def place(*exempt: Exemption, target: Target = TARGET, mode: Mode = Mode.STOP) -> Place:
    governed: Rule = rule("glue-session", *exempt, grace=GRACE, mode=mode)
    holding = Policy(Slug("sandbox"), OuPath("/Sandbox"), "s.yaml", (IRELAND,), (governed,))
    return Place(holding, target, governed)


def ruled(here: Place, **changed: Any) -> Place:
    """The place under a rule that differs in some settings."""
    return replace(here, rule=replace(here.rule, **changed))


def limited(here: Place, slug: str, stops: int) -> Place:
    """The place under a policy that allows this many stops in a sweep."""
    allowed = replace(here.policy, slug=Slug(slug), limits=Limits(stops))
    return replace(here, policy=allowed)


def search(waited: list[timedelta] | None = None, **changed: Any) -> Search:
    waits = [] if waited is None else waited
    usual: dict[str, Any] = {"margin": MARGIN, "most": 50, "trace": "sweep-1"}
    return Search(**{**usual, "wait": waits.append, **changed})


class Sweep(Protocol):
    def __call__(self, cloud: Cloud, *places: Place, how: Search | None = None) -> Swept: ...


def identities(entries: Iterable[Outcome | Finding]) -> set[str]:
    return {entry.identity for entry in entries}


def sweeping_into(journal: Book) -> Sweep:
    """Sweeps; what it answers is what the journal has."""

    def sweep(cloud: Cloud, *places: Place, how: Search | None = None) -> Swept:
        found = sweep_once(cloud, journal, places or [place()], how or search(), lambda: NOW)
        told = [o for o in journal.all_outcomes() if o.result is not Result.KEPT]
        assert identities(told) == identities(found.outcomes)
        assert len(journal.all_outcomes()) == len(found.outcomes) + found.kept
        assert identities(journal.all_findings()) == identities(found.findings)
        return found

    return sweep


def holding(*identifiers: str, target: Target = TARGET, **seen: Any) -> Cloud:
    return Cloud({(target, identifier): session(**seen) for identifier in identifiers})


def results(outcomes: Iterable[Outcome]) -> list[tuple[str, Result]]:
    return [(outcome.id, outcome.result) for outcome in outcomes]


def places_in(*accounts: Target) -> list[Place]:
    return [place(target=target) for target in sorted(accounts)]
