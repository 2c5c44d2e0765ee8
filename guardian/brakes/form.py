"""Reads the section `brakes` of the settings. Pure."""

from collections.abc import Mapping
from typing import Final

from guardian.brakes import Brakes, Freeze
from guardian.policy import values
from guardian.policy.form import Form
from guardian.policy.load import hours

SHARES: Final = ("delete_share", "stop_share", "vanish_share", "share_per_sweep")
COUNTS: Final = ("delete_minimum", "stop_minimum", "vanish_minimum", "stops_per_sweep")
NUMBERS: Final = (*SHARES, *COUNTS)
"""The keys that a variable of the environment can set."""
KEYS: Final = (*NUMBERS, "freeze", "hours")
FREEZE_KEYS: Final = ("from", "until", "reason", "timezone")


def brakes(form: Form) -> Brakes:
    """What holds plans; defaults where the section says nothing. Notes what is wrong with it."""
    default = Brakes()

    def share(key: str, otherwise: float) -> float:
        said = form.read(key, values.share)
        return otherwise if said is None else said

    def count(key: str, otherwise: int) -> int:
        said = form.read(key, values.whole)
        return otherwise if said is None else said

    return Brakes(
        delete_share=share("delete_share", default.delete_share),
        delete_minimum=count("delete_minimum", default.delete_minimum),
        stop_share=share("stop_share", default.stop_share),
        stop_minimum=count("stop_minimum", default.stop_minimum),
        vanish_share=share("vanish_share", default.vanish_share),
        vanish_minimum=count("vanish_minimum", default.vanish_minimum),
        stops_per_sweep=count("stops_per_sweep", default.stops_per_sweep),
        share_per_sweep=share("share_per_sweep", default.share_per_sweep),
        freezes=tuple(f for f in map(_freeze, form.forms("freeze", FREEZE_KEYS)) if f),
        hours=hours(form),
    )


def shown(brakes: Brakes) -> Mapping[str, str]:
    """Every key with what it says, as text."""
    numbers = {key: str(getattr(brakes, key)) for key in NUMBERS}
    freezes = (f"{f.since} to {f.until} {f.timezone} {f.reason}".strip() for f in brakes.freezes)
    return numbers | {"freeze": "; ".join(freezes), "hours": str(brakes.hours or "")}


def _freeze(form: Form) -> Freeze | None:
    since, until = form.require("from", values.day), form.require("until", values.day)
    reason = form.read("reason", values.text) or ""
    timezone = form.read("timezone", values.timezone) or "UTC"
    if since is None or until is None:
        return None
    if until <= since:
        form.wrong(form.place("until"), "until", f"{until} is not after from, {since}")
    return Freeze(since, until, reason, timezone)
