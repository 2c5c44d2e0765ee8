"""Outcomes and findings as JSON text, the same in every kind of journal. Pure."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from guardian.documents import Document, instant, moment
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
    found: Document = json.loads(entry)
    facts, target = found.get("facts"), _target(found)
    if target is None:
        raise ValueError("an outcome without a target")
    return Outcome(
        result=Result(_text(found, "result")),
        kind=_common(found, "kind"),
        id=_text(found, "id"),
        target=target,
        policy=_common(found, "policy"),
        at=_moment(found, "at"),
        by=By(_text(found, "by")),
        reason=_common(found, "reason"),
        owner=_common(found, "owner"),
        started=moment(found.get("started")),
        due=moment(found.get("due")),
        facts=facts if isinstance(facts, Mapping) else {},
        trace=_text(found, "trace"),
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
    found: Document = json.loads(entry)
    return Finding(
        about=About(_text(found, "about")),
        subject=_text(found, "subject"),
        reason=_text(found, "reason"),
        at=_moment(found, "at"),
        target=_target(found),
        mended=found.get("mended") is True,
    )


def _written(document: Mapping[str, object]) -> str:
    # ASCII: a lone surrogate in a session's id has no UTF-8, and must not stop the journal.
    return json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _target_pair(target: Target) -> list[str]:
    return [target.account, target.region]


def _text(document: Document, name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _common(document: Document, name: str) -> str:
    """A text that many entries share: it is kept once."""
    return sys.intern(_text(document, name))


def _target(document: Document) -> Target | None:
    match document.get("target"):
        case [str(account), str(region)]:
            return _place(account, region)
        case _:
            return None


@lru_cache(maxsize=20_000)
def _place(account: str, region: str) -> Target:
    return Target(AccountId(account), Region(region))


def _moment(document: Document, name: str) -> datetime:
    found = moment(document.get(name))
    if found is None:
        raise ValueError(f"an entry without {name}")
    return found
