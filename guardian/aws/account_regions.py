"""Which regions accounts have enabled, as Account Management tells the management account."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from guardian.aws.clients import Clients
from guardian.errors import AccessDenied, GuardianError, Refused, Unavailable
from guardian.ids import AccountId, Region
from guardian.ports import EnabledRegions

AT_ONCE = 4
"""Calls: Account Management takes but a few a second of an organization."""
FRESH = timedelta(days=1)


@dataclass(frozen=True)
class _Known:
    regions: frozenset[Region]
    asked: datetime


class AwsAccountRegions:
    """Asks once a day. An answer outlives its day where AWS gives no other, so that no region is ever forgotten."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: Mapping[AccountId, _Known] = {}
        self._lock = Lock()

    def enabled(self, accounts: Iterable[AccountId], now: datetime) -> EnabledRegions:
        """The enabled regions of accounts. Raises Unavailable where one was never told."""
        wanted = frozenset(accounts)
        with self._lock:  # who comes second finds what the first was told
            stale = sorted(a for a in wanted if not self._is_fresh(a, now))
            with ThreadPoolExecutor(AT_ONCE) as pool:
                answers = dict(zip(stale, pool.map(self._ask, stale), strict=True))
            told = {a: _Known(r, now) for a, r in answers.items() if isinstance(r, frozenset)}
            self._known = {**self._known, **told}
            known = self._known
        failed = {a: e for a, e in answers.items() if isinstance(e, GuardianError)}
        for account, error in failed.items():
            if isinstance(error, Unavailable) and account not in known:
                raise error
        return EnabledRegions(
            known={account: known[account].regions for account in wanted if account in known},
            refused={a: str(e) for a, e in failed.items() if not isinstance(e, Unavailable)},
        )

    def _is_fresh(self, account: AccountId, now: datetime) -> bool:
        known = self._known.get(account)
        return known is not None and now - known.asked < FRESH

    def _ask(self, account: AccountId) -> frozenset[Region] | GuardianError:
        try:
            return frozenset(self._regions(account))
        except (AccessDenied, Refused, Unavailable) as error:
            return error

    def _regions(self, account: AccountId) -> Iterable[Region]:
        # AWS refuses the caller's own account as an argument.
        which = {} if account == self._clients.own_account else {"AccountId": account}
        pages = self._clients.pages(
            self._clients.hub,
            "account",
            "ListRegions",
            RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"],
            MaxResults=50,
            **which,
        )
        for page in pages:
            yield from (Region(found["RegionName"]) for found in page["Regions"])
