"""Who started a resource, and from where, out of CloudTrail's event history."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from guardian.aws.clients import Clients
from guardian.documents import Document, Json, pick, text
from guardian.ids import Target
from guardian.kinds.base import Kind, StartEvent
from guardian.ports import Origin

AROUND = timedelta(minutes=15)
MAX_PAGES = 20
"""Of fifty events each. LookupEvents takes two calls a second of an account and region."""


def find_origin(
    clients: Clients, kind: Kind, target: Target, identifier: str, started: datetime
) -> Origin | None:
    """Who made the last call that started it within a quarter of an hour of `started`; None where none is found."""
    calls = list(_calls(clients, kind, target, identifier, started))
    if not calls:
        return None
    # What one made and another started anew is the other's now.
    return origin_of(*max(calls, key=lambda call: text(call[0], "eventTime")))


def origin_of(record: Json, start: StartEvent) -> Origin:
    """The ARNs that a record's caller goes by, the last part of its own as the owner, the origin that it told."""
    arn = text(record, "userIdentity.arn")
    issuer = text(record, "userIdentity.sessionContext.sessionIssuer.arn")
    named = (arn, issuer, role_of(arn))
    return Origin(
        principals=tuple(dict.fromkeys(filter(None, named))),
        owner=arn.rpartition("/")[2],
        origin=text(record, start.origin) if start.origin else "",
    )


def role_of(arn: str) -> str:
    """The role's ARN, without its path, of an assumed-role ARN; empty for any other."""
    parts = arn.split(":", 5)
    resource = parts[-1].split("/")
    if len(parts) == len(("arn", "partition", "sts", "", "account", "resource")) and (
        resource[0] == "assumed-role"
    ):
        return f"arn:{parts[1]}:iam::{parts[4]}:role/{resource[1]}"
    return ""


def _calls(
    clients: Clients, kind: Kind, target: Target, identifier: str, started: datetime
) -> Iterator[tuple[Document, StartEvent]]:
    """The last call of each name that started it: the event history has the newest first."""
    for start in kind.starts:
        for name in start.names if start.by_call else ():
            records = _records(clients, target, name, started)
            told = (record for record in records if _is_start(record, kind, start, identifier))
            yield from ((record, start) for record in islice(told, 1))


def _records(clients: Clients, target: Target, name: str, started: datetime) -> Iterator[Document]:
    pages = clients.pages(
        target,
        "cloudtrail",
        "LookupEvents",
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
        StartTime=started - AROUND,
        EndTime=started + AROUND,
        MaxResults=50,
    )
    for page in islice(pages, MAX_PAGES):
        for event in page.get("Events", ()):
            yield json.loads(event["CloudTrailEvent"])


def _is_start(record: Json, kind: Kind, start: StartEvent, identifier: str) -> bool:
    return (
        text(record, "eventSource") == start.event_source
        and not pick(record, "errorCode")
        and identifier in kind.told_by(start, record)
    )
