"""Settings in the words of policy files. Pure."""

from datetime import timedelta

from guardian.policy.durations import spoken
from guardian.policy.inheritance import Value
from guardian.policy.model import Exemption


def said(value: Value) -> str:
    """A setting's value as people read it; `none` where there is none."""
    match value:
        case None | "":
            return "none"
        case timedelta():
            return spoken(value)
        case tuple():
            return ", ".join(map(_item, value)) or "none"
        case _:
            return str(value)


def _item(item: str | Exemption) -> str:
    return exemption_reason(item) if isinstance(item, Exemption) else item


def exemption_reason(exempt: Exemption) -> str:
    """Why something is exempt, in the words of who wrote it, else by what it goes."""
    by = [f"tag {key}={value}" for key, value in sorted(exempt.tags.items())]
    patterns = {"principal": exempt.principal, "id": exempt.id, "origin": exempt.origin}
    by += [f"{name} {pattern}" for name, pattern in patterns.items() if pattern]
    by += ["its account"] if exempt.accounts else []
    return f"exempt: {exempt.reason or ', '.join(by)}"
