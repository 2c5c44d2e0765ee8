"""A digest as plain data: docs/reference/digest.md. Pure."""

from guardian.digest.model import Breakdown, Digest, Expiring, Keeper, Money, Noticed, Priced, Row
from guardian.digest.worth import BASIS
from guardian.documents import Document, Json, instant
from guardian.outcome import Outcome
from guardian.policy.words import exemption_reason


def document(digest: Digest) -> Document:
    """All that a digest knows; amounts are decimal text in USD, None where unknown."""
    return {
        "channel": digest.channel,
        "since": instant(digest.window.since),
        "until": instant(digest.window.until),
        "timezone": digest.timezone,
        "quiet": digest.quiet,
        "basis": BASIS,
        "spent": list(digest.spent),
        "stopped": {"count": len(digest.stopped), "missed_by_events": digest.missed}
        | _money(digest.avoided),
        "previous": {"count": digest.previous.stopped} | _money(digest.previous.avoided),
        "mean": {
            "days": digest.mean.days,
            "count": str(digest.mean.stopped),
            "avoided_usd": str(digest.mean.usd),
        },
        "would_stop": {"count": len(digest.would_stop)} | _money(digest.would_avoid),
        "kept": [_entry(outcome) for outcome in digest.kept],
        "kept_by": [_keeper(keeper) for keeper in digest.kept_by],
        "failed": [_entry(outcome) for outcome in digest.failed],
        "already_gone": digest.gone,
        "findings": [_noticed(noticed) for noticed in digest.findings],
        "expiring": [_expiring(expiring) for expiring in digest.expiring],
        **_breakdown(digest.stopped_by),
        "would_stop_by": _breakdown(digest.would_by),
        "days": {
            day.isoformat(): {kind: str(usd) for kind, usd in kinds.items()}
            for day, kinds in digest.days.items()
        },
        "stops": [_priced(priced) for priced in digest.stopped],
        "would_stops": [_priced(priced) for priced in digest.would_stop],
    }


def _breakdown(breakdown: Breakdown) -> dict[str, Json]:
    return {
        "by_account": [_row(row) for row in breakdown.accounts],
        "by_owner": [_row(row) for row in breakdown.owners],
        "by_kind": [_row(row) for row in breakdown.kinds],
    }


def _money(money: Money) -> dict[str, Json]:
    return {"avoided_usd": str(money.usd), "unknown": money.unknown}


def _row(row: Row) -> Document:
    named: dict[str, Json] = {"name": row.name, "stopped": row.stopped}
    return named | _money(row.avoided)


def _keeper(keeper: Keeper) -> Document:
    return {"owner": keeper.owner, "reason": keeper.reason, "kept": keeper.kept}


def _entry(outcome: Outcome) -> dict[str, Json]:
    return {
        "kind": outcome.kind,
        "id": outcome.id,
        "account": outcome.target.account,
        "region": outcome.target.region,
        "owner": outcome.owner,
        "policy": outcome.policy,
        "at": instant(outcome.at),
        "by": outcome.by,
        "reason": outcome.reason,
    }


def _priced(priced: Priced) -> Document:
    usd = priced.saving.usd
    worth: dict[str, Json] = {
        "avoided_usd": None if usd is None else str(usd),
        "basis": priced.saving.basis,
    }
    return _entry(priced.outcome) | worth


def _noticed(noticed: Noticed) -> Document:
    finding = noticed.finding
    return {
        "about": finding.about,
        "target": str(finding.target) if finding.target else None,
        "subject": finding.subject,
        "reason": finding.reason,
        "mended": finding.mended,
        "last": instant(finding.at),
        "times": noticed.times,
    }


def _expiring(expiring: Expiring) -> Document:
    exempt = expiring.exemption
    return {
        "exempt": exemption_reason(exempt),
        "owner": exempt.owner,
        "expires": expiring.expires.isoformat(),
        "days": expiring.days,
    }
