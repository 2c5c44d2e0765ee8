"""Notices of stops as JSON text, the same in every kind of journal. Pure."""

import json
from collections.abc import Mapping, Sequence

from guardian.documents import Json, instant, moment, pick, text
from guardian.ids import AccountId, Region, Target
from guardian.notice import StopNotice


def notice_text(notice: StopNotice) -> str:
    """ASCII JSON, whatever the notice's texts hold."""
    document = {
        "kind": notice.kind,
        "id": notice.id,
        "target": [notice.target.account, notice.target.region],
        "policy": notice.policy,
        "stops": instant(notice.stops),
        "at": instant(notice.at),
        "owner": notice.owner,
        "started": instant(notice.started) if notice.started else None,
        "due": instant(notice.due) if notice.due else None,
        "facts": notice.facts,
        "execution": notice.execution,
    }
    return json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def read_notice(entry: str) -> StopNotice:
    """What `notice_text` wrote."""
    document: Json = json.loads(entry)
    account, region = (str(part) for part in _pair(pick(document, "target[]")))
    stops, at = moment(pick(document, "stops")), moment(pick(document, "at"))
    facts = pick(document, "facts")
    if stops is None or at is None:
        raise ValueError("a notice without a time")
    return StopNotice(
        kind=text(document, "kind"),
        id=text(document, "id"),
        target=Target(AccountId(account), Region(region)),
        policy=text(document, "policy"),
        stops=stops,
        at=at,
        owner=text(document, "owner"),
        started=moment(pick(document, "started")),
        due=moment(pick(document, "due")),
        facts=facts if isinstance(facts, Mapping) else {},
        execution=text(document, "execution"),
    )


def _pair(found: Json) -> Sequence[Json]:
    if not isinstance(found, list) or len(found) != 2:  # noqa: PLR2004 - an account and a region
        raise ValueError("a notice without a target")
    return found
