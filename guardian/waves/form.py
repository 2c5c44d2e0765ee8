"""Reads the section `rollout` of the settings. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from guardian.policy import values
from guardian.policy.durations import spoken
from guardian.policy.form import Form
from guardian.policy.nodes import Items, Node, Scalar
from guardian.waves import Waves

KEYS: Final = ("waves", "bake", "max_failures")


def waves(form: Form) -> Waves:
    """How rollouts go; defaults where the section says nothing. Notes what is wrong with it."""
    default = Waves()
    ous = form.each("waves", _wave) or ()
    named = [ou for wave in ous for ou in wave]
    twice = sorted({ou for ou in named if named.count(ou) > 1})
    if twice:
        form.wrong(form.place("waves"), "waves", f"{twice[0]} is in more than one wave")
    bake, most = form.read("bake", values.duration), form.read("max_failures", _share)
    return Waves(
        ous,
        bake=default.bake if bake is None else bake,
        max_failures=default.max_failures if most is None else most,
    )


def shown(waves: Waves) -> Mapping[str, str]:
    """Every key with what it says, as text."""
    return {
        "waves": "; ".join(", ".join(wave) for wave in waves.ous),
        "bake": spoken(waves.bake),
        "max_failures": f"{waves.max_failures:.10g}",
    }


_OU = values.pattern(r"/.*|ou-.+|r-.+", "an OU: a path such as /Sandbox, or an id")


def _wave(node: Node) -> tuple[str, ...]:
    if not isinstance(node, Items) or not node.items:
        raise ValueError("every wave must be a list of OUs, such as [/Sandbox]")
    return tuple(_OU(ou) for ou in node.items)


def _share(node: Node) -> float:
    """A share as a percentage such as 2%, or as a number from 0 to 1."""
    percent = isinstance(node, Scalar) and re.fullmatch(
        r"([0-9]{1,2}(?:\.[0-9]{1,6})?|100)%", node.text
    )
    return float(percent[1]) / 100 if percent else values.share(node)
