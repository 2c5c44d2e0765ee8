"""Running things in member accounts: any kind, by its declaration alone."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from guardian.aws.clients import Clients
from guardian.aws.origins import find_origin
from guardian.aws.session_policy import session_policy
from guardian.aws.templates import filled_all, values_of
from guardian.documents import Document, Json, moment, pick, plain, text
from guardian.errors import NotFound, Refused
from guardian.ids import AccountId, Target
from guardian.kinds.base import Call, IdleSamples, Kind, Listing, Phase
from guardian.ports import Candidate, Origin


class AwsMembers:
    """The governed services of member accounts, through the member role; `patient` clients wait longer for answers."""

    def __init__(self, clients: Clients, patient: Clients) -> None:
        self._clients = clients
        self._patient = patient

    def visit(
        self, account: AccountId, calls: Collection[Call], *, patient: bool = False
    ) -> "AwsMembers":
        """The same for one account alone, by a session of the member role that may make these calls and no others."""
        clients = self._patient if patient else self._clients
        narrowed = clients.narrowed(account, session_policy(calls))
        return AwsMembers(narrowed, narrowed)

    def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]:
        """All that the kind's listing shows, whatever its status; page by page as it is iterated."""
        for parts, item in self._listed(kind.listing, target):
            yield Candidate(
                id=kind.identifier(parts),
                status=text(item, kind.listing.status),
                started=moment(pick(item, kind.listing.start)),
                read=_as_read(kind.listing, item),
            )

    def _listed(
        self, listing: Listing, target: Target
    ) -> Iterator[tuple[Mapping[str, str], Json]]:
        """Every item with the parts of its id; those of the listing that it lies within are among them."""
        refused: Refused | None = None
        for above in self._above(listing, target):
            try:
                for item in self._items(listing, target, above):
                    own = {part: text(item, path) for part, path in listing.ids.items()}
                    yield {**above, **own}, item
            except Refused as error:  # the others may be listed all the same
                refused = refused or error
        if refused is not None:
            raise refused

    def _above(self, listing: Listing, target: Target) -> Iterator[Mapping[str, str]]:
        if listing.within is None:
            yield {}
            return
        for parts, _ in self._listed(listing.within, target):
            yield parts

    def _items(self, listing: Listing, target: Target, above: Mapping[str, str]) -> Iterator[Json]:
        call = listing.call
        arguments = filled_all(call.arguments, above)
        pages = self._clients.pages(
            target, call.service, call.action, listing.page, listing.none, **arguments
        )
        try:
            for page in pages:
                items = pick(plain(page), listing.items)
                yield from items if isinstance(items, list) else ()
        except NotFound:
            # What it lies within is gone, or can have none.
            if listing.within is None:
                raise

    def look(
        self,
        kind: Kind,
        target: Target,
        identifier: str,
        idle: tuple[datetime, datetime] | None,
        told: Json = None,
    ) -> Document:
        """The answers of the kind's reads, by name; of what has ended or is ending only the first.

        Raises NotFound for a resource that is gone.
        """
        values = values_of(kind, target, identifier, idle)
        first, *others = kind.reads.items()
        if idle is not None and isinstance(kind.idle, IdleSamples):
            others.append(("idle", kind.idle.read))
        seen = {first[0]: told or self._made(kind, first[1], target, values)}
        if kind.phase(text(seen, kind.status)) in {Phase.ENDING, Phase.OVER}:
            return seen  # its tags may be gone before it is
        if kind.arn_told and (arn := text(seen, kind.arn_told)):
            values = {**values, "arn": arn}
        for name, call in others:
            try:
                seen[name] = self._made(kind, call, target, values)
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

    def keep(self, kind: Kind, target: Target, identifier: str, until: datetime) -> None:
        if kind.keep is None:
            raise Refused(f"a {kind.title} cannot be tagged")
        values = values_of(kind, target, identifier)
        first = next(iter(kind.reads))
        if kind.arn_told:
            seen = {first: self._made(kind, kind.reads[first], target, values)}
            values["arn"] = text(seen, kind.arn_told) or values["arn"]
        values["until"] = f"{until:%Y-%m-%dT%H:%M:%SZ}"
        self._made(kind, kind.keep, target, values)

    def _made(self, kind: Kind, call: Call, target: Target, values: Mapping[str, str]) -> Json:
        arguments = filled_all(call.arguments, values)
        return plain(self._clients.call(target, call.service, call.action, kind.gone, **arguments))


def _as_read(listing: Listing, item: Json) -> Json:
    if not listing.as_read:
        return None if listing.as_read is None else item
    return {listing.as_read: item}
