"""Running things in member accounts, in memory: they remember what was done to them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from guardian.documents import Document, Json, moment, pick, text
from guardian.errors import AccessDenied, NotFound
from guardian.ids import AccountId, Target
from guardian.kinds.base import KEEP_UNTIL, Call, IdleSamples, Kind
from guardian.ports import Candidate, Origin
from guardian.stack.access import WHO_STARTED
from guardian.verdict import tags_of
from tests.unit.judging import NOW, put


@dataclass
class Cloud:
    """Running things and who started them; `denied` accounts cannot be looked into."""

    running: dict[tuple[Target, str], Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    denied: dict[AccountId, Exception] = field(default_factory=dict)
    refusing: dict[str, Exception] = field(default_factory=dict)
    unstoppable: frozenset[str] = frozenset()
    meanwhile: Callable[[str], None] = lambda _: None
    stopped: list[str] = field(default_factory=list)
    kept: list[tuple[str, datetime]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    windows: list[tuple[datetime, datetime] | None] = field(default_factory=list)
    visits: list[tuple[AccountId, frozenset[str]]] = field(default_factory=list)
    patience: list[bool] = field(default_factory=list)

    def visit(
        self, account: AccountId, calls: Collection[Call], *, patient: bool = False
    ) -> "Visited":
        self.patience.append(patient)
        if account in self.denied:
            raise self.denied[account]
        self.visits.append((account, frozenset(call.permission for call in calls)))
        return Visited(self, *self.visits[-1])

    def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]:
        for (place, identifier), seen in sorted(self.running.items(), key=lambda item: item[0]):
            status, started = text(seen, kind.status), moment(pick(seen, kind.start))
            if place == target and status:
                yield Candidate(identifier, status, started)

    def look(
        self,
        kind: Kind,
        target: Target,
        identifier: str,
        idle: tuple[datetime, datetime] | None,
        told: Json = None,
    ) -> Document:
        assert kind.reads
        assert told is None, "no listing here tells so much"
        self.windows.append(idle)
        if identifier in self.refusing:
            raise self.refusing[identifier]
        seen: Document | None = self.running.get((target, identifier))
        if seen is None:
            raise NotFound(identifier)
        self.meanwhile(identifier)
        return seen

    def origin(
        self, kind: Kind, target: Target, identifier: str, started: datetime
    ) -> Origin | None:
        assert started <= NOW
        self.asked.append(f"{target} {kind.key} {identifier}")
        return self.origins.get(identifier)

    def stop(self, kind: Kind, target: Target, identifier: str) -> None:
        if identifier not in self.unstoppable:
            self.stopped.append(identifier)
            ended = {status for status, phase in kind.phases.items() if phase == "ending"}
            seen: dict[str, Any] = {}
            put(seen, kind.status, min(ended))
            self.running[target, identifier] = seen

    def keep(self, kind: Kind, target: Target, identifier: str, until: datetime) -> None:
        assert kind.keep
        self.kept.append((identifier, until))
        said = f"{until:%Y-%m-%dT%H:%M:%SZ}"
        held = {**tags_of(kind, self.running[target, identifier]), KEEP_UNTIL: said}
        assert kind.tags
        pairs = [{"Key": key, "Value": value} for key, value in held.items()]
        put(self.running[target, identifier], kind.tags.path, pairs if kind.tags.pairs else held)


@dataclass
class Visited:
    """A cloud seen from one account, by somebody who may make some calls and no others."""

    cloud: Cloud
    account: AccountId
    may: frozenset[str]

    def visit(
        self, account: AccountId, calls: Collection[Call], *, patient: bool = False
    ) -> "Visited":
        raise AssertionError(f"a visit ({patient=}) of {account} within {self.account}: {calls}")

    def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]:
        self._demand(target, *kind.listing.calls)
        return self.cloud.candidates(kind, target)

    def look(
        self,
        kind: Kind,
        target: Target,
        identifier: str,
        idle: tuple[datetime, datetime] | None,
        told: Json = None,
    ) -> Document:
        self._demand(target, *kind.reads.values())
        if idle and isinstance(kind.idle, IdleSamples):
            self._demand(target, kind.idle.read)
        return self.cloud.look(kind, target, identifier, idle, told)

    def origin(
        self, kind: Kind, target: Target, identifier: str, started: datetime
    ) -> Origin | None:
        self._demand(target, WHO_STARTED)
        return self.cloud.origin(kind, target, identifier, started)

    def stop(self, kind: Kind, target: Target, identifier: str) -> None:
        self._demand(target, kind.stop)
        self.cloud.stop(kind, target, identifier)

    def keep(self, kind: Kind, target: Target, identifier: str, until: datetime) -> None:
        assert kind.keep
        self._demand(target, kind.keep)
        self.cloud.keep(kind, target, identifier, until)

    def _demand(self, target: Target, *calls: Call) -> None:
        if target.account != self.account:
            raise AccessDenied(f"this is a visit of {self.account}, not of {target}")
        lacking = {call.permission for call in calls} - self.may
        if lacking:
            raise AccessDenied(f"this visit may not {', '.join(sorted(lacking))}")
