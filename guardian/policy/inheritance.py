"""What a chain of files comes to: for each setting the nearest file wins, `exempt` and `also` add up. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from guardian.ids import OuPath, Region
from guardian.kinds import all_kinds, default_kinds
from guardian.kinds.base import Kind
from guardian.places import Position
from guardian.policy.hours import Hours
from guardian.policy.model import (
    MAX_KEEP,
    Also,
    Exemption,
    KindSettings,
    Limits,
    Mode,
    Notify,
    Policy,
    PolicyFile,
    Quiet,
    Rule,
)

T = TypeVar("T")
Chain = Sequence[PolicyFile]
"""The files that speak for an OU, from the root down."""
Items = tuple[Region, ...] | tuple[Exemption, ...] | tuple[Also, ...]
Value = Mode | Quiet | timedelta | Hours | int | str | Items | None

FOR_EVERY_KIND = ("mode", "hours")
"""What a file may say for all kinds at once; what it says for one kind wins within the file."""


def effective(ou: OuPath, chain: Chain, notify: Notify) -> Policy:
    """The policy of an OU; `notify` is what holds where no file says where digests go."""
    named = {key for file in chain for key in file.kinds}
    chosen = named or default_kinds().keys()
    kinds = [kind for key, kind in all_kinds().items() if key in chosen]
    return Policy(
        slug=chain[-1].slug,
        ou=ou,
        file=chain[-1].file,
        regions=tuple(sorted(_nearest(chain, lambda file: file.regions) or ())),
        rules=tuple(rule_of(kind, chain) for kind in kinds),
        notify=_notify(chain, notify),
        limits=Limits(_nearest(chain, lambda file: file.limits.stops_per_sweep)),
        also=tuple(dict.fromkeys(also for file in chain for also in file.also)),
        max_keep=_nearest(chain, lambda file: file.notify.max_keep) or MAX_KEEP,
    )


def _nearest(chain: Chain, of: Callable[[PolicyFile], T | None]) -> T | None:
    return next((said for file in reversed(chain) if (said := of(file)) is not None), None)


def rule_of(kind: Kind, chain: Chain) -> Rule:
    """What the files say of a kind, whether or not they name it."""

    def own(of: Callable[[KindSettings], T | None]) -> T | None:
        return _nearest(chain, lambda file: _of_kind(file, kind, of))

    grace, idle = own(lambda said: said.grace), own(lambda said: said.idle)
    return Rule(
        kind=kind,
        mode=_nearest(chain, lambda f: _of_kind(f, kind, lambda said: said.mode) or f.mode)
        or Mode.OBSERVE,
        grace=kind.default_grace if grace is None else grace,
        idle=kind.default_idle if idle is None else idle,
        exempt=tuple(exempt for file in chain for exempt in file.exempt),
        max_age=own(lambda said: said.max_age),
        hours=_nearest(chain, lambda f: _of_kind(f, kind, lambda said: said.hours) or f.hours),
        # 0s: an OU below one that is warned may want no warnings.
        warn_before=_nearest(chain, lambda file: file.notify.warn_before) or None,
    )


def _of_kind(file: PolicyFile, kind: Kind, of: Callable[[KindSettings], T | None]) -> T | None:
    said = file.kinds.get(kind.key)
    return of(said) if said else None


def _notify(chain: Chain, default: Notify) -> Notify:
    return Notify(
        channel=_nearest(chain, lambda f: f.notify.channel) or default.channel,
        digest=_nearest(chain, lambda f: f.notify.digest) or default.digest,
        timezone=_nearest(chain, lambda f: f.notify.timezone) or default.timezone,
        quiet=_nearest(chain, lambda f: f.notify.quiet) or default.quiet,
        sns=_nearest(chain, lambda f: f.notify.sns) or default.sns,
    )


def settings(policy: Policy) -> Mapping[str, Value]:
    """Everything a policy comes to, by dotted names: `regions`, `kinds.glue-session.grace`, `notify.channel`."""
    exempt = policy.rules[0].exempt if policy.rules else ()
    found: dict[str, Value] = {"regions": policy.regions}
    for rule in policy.rules:
        found |= {f"kinds.{rule.kind.key}.{name}": value for name, value in _of_rule(rule)}
    return found | {
        "exempt": exempt,
        "also": policy.also,
        "notify.channel": policy.notify.channel,
        "notify.digest": policy.notify.digest,
        "notify.timezone": policy.notify.timezone,
        "notify.quiet": policy.notify.quiet,
        "notify.sns": policy.notify.sns,
        "notify.warn_before": policy.rules[0].warn_before if policy.rules else None,
        "notify.max_keep": policy.max_keep,
        "limits.stops_per_sweep": policy.limits.stops_per_sweep,
    }


def _of_rule(rule: Rule) -> Iterator[tuple[str, Value]]:
    yield "mode", rule.mode
    yield "grace", rule.grace
    if rule.kind.idle is not None:
        yield "idle", rule.idle
    yield "max_age", rule.max_age
    yield "hours", rule.hours


def source(name: str, chain: Chain) -> Position | None:
    """Where the nearest file says a setting; None where none does and a default holds."""
    said = (file.positions[own] for file in reversed(chain) for own in _names(name, file))
    return next(said, None)


def _names(name: str, file: PolicyFile) -> Iterator[str]:
    """The names under which a file says a setting, the stronger first."""
    last = name.rpartition(".")[2]
    general = [last] if name.startswith("kinds.") and last in FOR_EVERY_KIND else []
    yield from (own for own in (name, *general) if own in file.positions)
