"""Waves: changed templates go to some OUs first and are watched there before they go on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from guardian.errors import InputError
from guardian.ids import AccountId, OuPath, Target, ancestors
from guardian.organization import Organization
from guardian.plan import Drifts
from guardian.policy.nearest import hint
from guardian.policy.ous import paths_by_name

OTHERS = "all others"


@dataclass(frozen=True)
class Waves:
    """The OUs of each wave by path or id, how long one is watched, and which share of its instances may fail."""

    ous: tuple[tuple[str, ...], ...] = ()
    bake: timedelta = timedelta(minutes=30)
    max_failures: float = 0.02


@dataclass(frozen=True)
class Order:
    """The names of the waves, first to last, and the number of every account's, from 0; the others go last."""

    names: tuple[str, ...] = (OTHERS,)
    wave_of: Mapping[AccountId, int] = field(default_factory=dict)

    def of(self, account: AccountId) -> int:
        return self.wave_of.get(account, len(self.names) - 1)

    def say(self, wave: int) -> str:
        return f"wave {wave + 1} of {len(self.names)}"

    def tell(self, wave: int) -> str:
        return f"{self.say(wave)}: {self.names[wave]}"


def in_order(waves: Waves, organization: Organization) -> Order:
    """Which account goes when: in the first wave that has an OU at or above it. Raises InputError for an unknown OU."""
    paths = paths_by_name(organization)
    unknown = sorted({ou for wave in waves.ous for ou in wave} - paths.keys())
    if (
        unknown
    ):  # its accounts would go last, and the wave it should protect others with would be empty
        raise InputError(
            *(f"rollout.waves: there is no OU {ou}{hint(ou, paths)}" for ou in unknown)
        )
    chosen = [frozenset(paths[ou] for ou in wave) for wave in waves.ous]
    wave_of = {a.id: _first(chosen, a.ou) for a in organization.accounts}
    said = [", ".join(wave) for wave in waves.ous]
    if not said or len(said) in wave_of.values():
        said.append(OTHERS)
    return Order(tuple(said), wave_of)


def _first(waves: list[frozenset[OuPath]], ou: OuPath) -> int:
    above = frozenset(ancestors(ou))
    return next((number for number, wave in enumerate(waves) if wave & above), len(waves))


@dataclass(frozen=True)
class Rollout:
    """How rollouts go, and what is known of those under way.

    `formers` are the fingerprints of the templates that can be put back, by stack set; `rejected` says why a stack set
    does not take a template, by its fingerprint. `unseen` could not be looked at.
    """

    now: datetime
    order: Order = field(default_factory=Order)
    waves: Waves = field(default_factory=Waves)
    formers: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[tuple[str, str], str] = field(default_factory=dict)
    drifts: Drifts = field(default_factory=dict)
    unseen: frozenset[tuple[str, Target]] = frozenset()
