"""Running things in member accounts: any kind, by its declaration alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from guardian.aws.clients import Clients
from guardian.aws.origins import find_origin
from guardian.aws.templates import filled_all, values_of
from guardian.documents import Document, Json, moment, pick, plain, text
from guardian.errors import NotFound, Refused
from guardian.ids import Target
from guardian.kinds.base import Call, Kind
from guardian.ports import Candidate, Origin


class AwsMembers:
    """The governed services of member accounts, through the member role."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]:
        """All that the kind's listing shows, whatever its status; page by page as it is iterated."""
        listing = kind.listing
        for page in self._clients.pages(
            target,
            listing.call.service,
            listing.call.action,
            listing.page,
            **listing.call.arguments,
        ):
            items = pick(plain(page), listing.items)
            for item in items if isinstance(items, list) else ():
                yield Candidate(
                    id=text(item, listing.id),
                    status=text(item, listing.status),
                    started=moment(pick(item, listing.start)),
                )

    def look(
        self, kind: Kind, target: Target, identifier: str, idle: tuple[datetime, datetime] | None
    ) -> Document:
        """The answers of the kind's reads, by name. Raises NotFound for a resource that is gone."""
        values = values_of(kind, target, identifier, idle)
        first, *others = kind.reads.items()
        if idle is not None and kind.idle is not None:
            others.append(("idle", kind.idle.read))
        seen = {first[0]: self._made(kind, first[1], target, values)}
        for name, read in others:
            try:
                seen[name] = self._made(kind, read, target, values)
            except (NotFound, Refused) as error:
                # It exists, the first read has told: this is no reason to call it gone.
                if name not in kind.optional:
                    raise Refused(str(error)) from error
        return seen

    def origin(
        self, kind: Kind, target: Target, identifier: str, started: datetime
    ) -> Origin | None:
        """Who started it about then, None where CloudTrail's event history does not tell."""
        return find_origin(self._clients, kind, target, identifier, started)

    def stop(self, kind: Kind, target: Target, identifier: str) -> None:
        self._made(kind, kind.stop, target, values_of(kind, target, identifier))

    def _made(self, kind: Kind, call: Call, target: Target, values: Mapping[str, str]) -> Json:
        arguments = filled_all(call.arguments, values)
        return plain(self._clients.call(target, call.service, call.action, kind.gone, **arguments))
