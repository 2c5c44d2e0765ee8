"""Outcomes and findings as rows of named columns. Pure."""

from collections.abc import Mapping
from datetime import datetime

from guardian.documents import Document
from guardian.outcome import Finding, Outcome

Cell = None | str | bool | datetime | Document
Row = Mapping[str, Cell]

OUTCOME: Mapping[str, type] = {
    "identity": str,
    "result": str,
    "kind": str,
    "id": str,
    "account": str,
    "region": str,
    "policy": str,
    "at": datetime,
    "by": str,
    "reason": str,
    "owner": str,
    "started": datetime,
    "due": datetime,
    "trace": str,
    "facts": dict,
}
"""The columns of an outcome and what is in them, if anything is."""
FINDING: Mapping[str, type] = {
    "identity": str,
    "about": str,
    "subject": str,
    "reason": str,
    "at": datetime,
    "account": str,
    "region": str,
    "mended": bool,
}


def outcome_row(outcome: Outcome) -> Row:
    return {
        "identity": outcome.identity,
        "result": outcome.result.value,
        "kind": outcome.kind,
        "id": outcome.id,
        "account": outcome.target.account,
        "region": outcome.target.region,
        "policy": outcome.policy,
        "at": outcome.at,
        "by": outcome.by.value,
        "reason": outcome.reason,
        "owner": outcome.owner,
        "started": outcome.started,
        "due": outcome.due,
        "trace": outcome.trace,
        "facts": outcome.facts,
    }


def finding_row(finding: Finding) -> Row:
    target = finding.target
    return {
        "identity": finding.identity,
        "about": finding.about.value,
        "subject": finding.subject,
        "reason": finding.reason,
        "at": finding.at,
        "account": target.account if target else None,
        "region": target.region if target else None,
        "mended": finding.mended,
    }
