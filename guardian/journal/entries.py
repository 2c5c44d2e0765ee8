"""Outcomes and findings as JSON text, the same in every kind of journal. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime

from guardian.documents import Json, instant, moment, pick, text
from guardian.ids import AccountId, Region, Target
from guardian.outcome import About, By, Finding, Outcome, Result


def outcome_text(outcome: Outcome) -> str:
    """ASCII, whatever the outcome's texts hold."""
    return _written(
        {
            "result": outcome.result,
            "kind": outcome.kind,
            "id": outcome.id,
            "target": _target_pair(outcome.target),
            "policy": outcome.policy,
            "at": instant(outcome.at),
            "by": outcome.by,
            "reason": outcome.reason,
            "owner": outcome.owner,
            "started": instant(outcome.started) if outcome.started else None,
            "due": instant(outcome.due) if outcome.due else None,
            "facts": outcome.facts,
            "trace": outcome.trace,
        }
    )


def read_outcome(entry: str) -> Outcome:
    """What `outcome_text` wrote."""
    document: Json = json.loads(entry)
    facts = pick(document, "facts")
    target = _target(document)
    if target is None:
        raise ValueError("an outcome without a target")
    return Outcome(
        result=Result(text(document, "result")),
        kind=text(document, "kind"),
        id=text(document, "id"),
        target=target,
        policy=text(document, "policy"),
        at=_moment(document, "at"),
        by=By(text(document, "by")),
        reason=text(document, "reason"),
        owner=text(document, "owner"),
        started=moment(pick(document, "started")),
        due=moment(pick(document, "due")),
        facts=facts if isinstance(facts, Mapping) else {},
        trace=text(document, "trace"),
    )


def finding_text(finding: Finding) -> str:
    """ASCII, whatever the finding's texts hold."""
    return _written(
        {
            "about": finding.about,
            "subject": finding.subject,
            "reason": finding.reason,
            "at": instant(finding.at),
            "target": _target_pair(finding.target) if finding.target else None,
            "mended": finding.mended,
        }
    )


def read_finding(entry: str) -> Finding:
    """What `finding_text` wrote."""
    document: Json = json.loads(entry)
    return Finding(
        about=About(text(document, "about")),
        subject=text(document, "subject"),
        reason=text(document, "reason"),
        at=_moment(document, "at"),
        target=_target(document),
        mended=pick(document, "mended") is True,
    )


def _written(document: Mapping[str, object]) -> str:
    # ASCII: a lone surrogate in a session's id has no UTF-8, and must not stop the journal.
    return json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _target_pair(target: Target) -> list[str]:
    return [target.account, target.region]


def _target(document: Json) -> Target | None:
    pair = pick(document, "target[]")
    match pair:
        case [str(account), str(region)]:
            return Target(AccountId(account), Region(region))
        case _:
            return None


def _moment(document: Json, name: str) -> datetime:
    found = moment(pick(document, name))
    if found is None:
        raise ValueError(f"an entry without {name}")
    return found
