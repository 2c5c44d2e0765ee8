"""Whose credentials sign a call: chosen per call, so that one client serves every account.

Building a client costs milliseconds and memory, and there are thousands of (account, region, service) triples.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ReadOnlyCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.session import Session

from guardian.clock import Clock
from guardian.ids import AccountId

REFRESH_BEFORE = timedelta(minutes=5)

_signer: ContextVar[ReadOnlyCredentials | None] = ContextVar("signer", default=None)
"""Who signs the calls of this thread; None: guardian itself."""


@contextmanager
def signing_as(credentials: ReadOnlyCredentials | None) -> Iterator[None]:
    """Sign every call in this block so; None is guardian's own default credentials."""
    before = _signer.set(credentials)
    try:
        yield
    finally:
        _signer.reset(before)


class PerCallCredentials(Credentials):
    """Credentials that are looked up at the moment of signing."""

    def __init__(self, own: Session) -> None:
        # The placeholders are never sent: botocore signs with what get_frozen_credentials answers.
        super().__init__("chosen-per-call", "chosen-per-call", method="guardian")
        self._own = own

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        chosen = _signer.get()
        if chosen is not None:
            return chosen
        own = self._own.get_credentials()
        if own is None:
            raise NoCredentialsError
        return own.get_frozen_credentials()


class PerCallProvider(CredentialProvider):
    """Gives PerCallCredentials to every client of a session."""

    METHOD = "guardian"

    def __init__(self, credentials: PerCallCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> PerCallCredentials:
        return self._credentials


def session_of_many_accounts() -> Session:
    """A botocore session whose clients sign with whatever `signing_as` says."""
    session = Session()
    provider = PerCallProvider(PerCallCredentials(own=Session()))
    session.register_component("credential_provider", CredentialResolver([provider]))
    return session


@dataclass(frozen=True)
class Assumed:
    """The credentials of an assumed role, good until `expires`."""

    credentials: ReadOnlyCredentials
    expires: datetime


@dataclass
class _Seat:
    """An account's place among the assumed roles. Its lock lets many threads assume once."""

    lock: Lock = field(default_factory=Lock)
    assumed: Assumed | None = None


class MemberSessions:
    """The assumed member role of every account, renewed five minutes before it expires."""

    def __init__(self, assume: Callable[[AccountId], Assumed], now: Clock) -> None:
        self._assume = assume
        self._now = now
        self._seats: defaultdict[AccountId, _Seat] = defaultdict(_Seat)
        self._lock = Lock()

    def of(self, account: AccountId) -> ReadOnlyCredentials:
        with self._lock:
            seat = self._seats[account]
        with seat.lock:
            if seat.assumed is None or seat.assumed.expires - self._now() <= REFRESH_BEFORE:
                seat.assumed = self._assume(account)
            return seat.assumed.credentials

    def forget(self, account: AccountId) -> None:
        """Assume anew at the next call: the credentials turned out to be no good."""
        with self._lock:
            self._seats.pop(account, None)
