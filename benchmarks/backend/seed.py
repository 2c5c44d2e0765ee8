"""What a backend is told to be: so many accounts, so much in them, so slow and so faulty."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Final, Self

HUB: Final = "999999999999"
"""The management account, which is guardian's hub too."""
MEMBER_ROLE: Final = "guardian-member"
FIRST_DIGITS: Final = "7000"
"""What the ids of all member accounts begin with, and no other number of twelve digits here."""


@dataclass(frozen=True)
class Faults:
    """Shares of the calls into member accounts that fail, and accounts in which all do.

    `throttles` are refused, `errors` answer 500, `timeouts` never answer; of the last two every second one has done its
    work all the same. `denied` accounts let nobody assume a role, `hanging` ones answer nothing that is signed with
    their credentials. Who and when follows from `seed` and what is asked, not from the order of the calls.
    """

    throttles: float = 0.0
    errors: float = 0.0
    timeouts: float = 0.0
    denied: int = 0
    hanging: int = 0
    seed: int = 1

    @property
    def any(self) -> bool:
        return self.throttles + self.errors + self.timeouts > 0


@dataclass(frozen=True)
class Seed:
    """The world at its beginning.

    `things` says how many of each kind there are in a place, an account's region; only every `every`th place has some.
    One of `due_every` has no tag `guardian: keep`. All of them began `age` seconds ago, and take `stopping` seconds to
    stop. `latency` is in seconds.
    """

    accounts: int = 100
    regions: tuple[str, ...] = ("eu-west-1",)
    things: Mapping[str, int] = field(default_factory=lambda: {"sagemaker-notebook": 4})
    every: int = 1
    due_every: int = 4
    age: float = 48 * 3600.0
    stopping: float = 5.0
    units: int = 5
    latency: float = 0.0
    faults: Faults = field(default_factory=Faults)

    @classmethod
    def read(cls, told: Mapping[str, object]) -> Self:
        """From a JSON object of the same names. Raises ValueError."""
        known = {each.name for each in fields(cls)}
        if unknown := told.keys() - known:
            raise ValueError(f"no such settings: {', '.join(sorted(unknown))}")
        made = dict(told)
        faults, regions = made.get("faults"), made.get("regions")
        if isinstance(faults, Mapping):
            made["faults"] = Faults(**faults)
        if isinstance(regions, list):
            made["regions"] = tuple(regions)
        return cls(**made)  # type: ignore[arg-type]  # what the JSON holds is the caller's to know

    @cached_property
    def account_ids(self) -> tuple[str, ...]:
        return tuple(f"{FIRST_DIGITS}{number:08}" for number in range(1, self.accounts + 1))

    @cached_property
    def troubled(self) -> tuple[frozenset[str], frozenset[str]]:
        """The accounts that are denied and those that hang."""
        faults = self.faults
        chosen = random.Random(faults.seed).sample(  # noqa: S311  not for secrets
            self.account_ids, faults.denied + faults.hanging
        )
        return frozenset(chosen[: faults.denied]), frozenset(chosen[faults.denied :])
