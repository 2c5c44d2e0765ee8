"""A few accounts that stand for all. Pure."""

from collections.abc import Iterable
from itertools import zip_longest
from typing import TypeVar

from guardian.ids import AccountId, OuPath
from guardian.organization import Account

T = TypeVar("T")


def sample(accounts: Iterable[Account], count: int, turn: int) -> tuple[Account, ...]:
    """So many accounts, of as many OUs as there can be; others for another `turn`, such as another day."""
    by_ou: dict[OuPath, list[Account]] = {}
    for account in sorted(accounts, key=lambda account: account.id):
        by_ou.setdefault(account.ou, []).append(account)
    again = turn // max(len(by_ou), 1)  # so that in time it is every account's turn
    turned = [_from(found, again) for _, found in sorted(by_ou.items())]
    rounds = zip_longest(*_from(turned, turn))
    return tuple(account for one in rounds for account in one if account)[:count]


def _from(items: list[T], turn: int) -> list[T]:
    first = turn % len(items) if items else 0
    return [*items[first:], *items[:first]]


def named(accounts: Iterable[AccountId], most: int = 3) -> str:
    """Some of them by their ids, and how many more."""
    found = sorted(set(accounts))
    more = f" and {len(found) - most:,} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
