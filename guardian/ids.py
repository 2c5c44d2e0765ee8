"""The identifiers everything else speaks of."""

import re
from dataclasses import dataclass
from typing import NewType

AccountId = NewType("AccountId", str)
Region = NewType("Region", str)
OuId = NewType("OuId", str)
"""`r-…` for the root, `ou-…` below it."""
OuPath = NewType("OuPath", str)
"""`/` for the root, `/Workloads/Data Science` below it."""
Slug = NewType("Slug", str)
"""The name of a policy inside resource names: lower case, digits, dashes, at most 24 characters."""

ROOT = OuPath("/")
ACCOUNT = "[0-9]{12}"
"""The regular expression of an account's id."""


@dataclass(frozen=True, order=True)
class Target:
    """One account in one region: where a stack instance lives."""

    account: AccountId
    region: Region

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


def parse_account(text: str) -> AccountId:
    """Twelve digits, or ValueError."""
    if not re.fullmatch(ACCOUNT, text):
        raise ValueError(f"{text!r} is not an account id: twelve digits")
    return AccountId(text)


def ancestors(path: OuPath) -> tuple[OuPath, ...]:
    """The path and everything above it, from the root down."""
    parts = [part for part in path.split("/") if part]
    return (ROOT, *(OuPath("/" + "/".join(parts[:depth])) for depth in range(1, len(parts) + 1)))
