"""Settings in the words of policy files. Pure."""

from datetime import timedelta

from guardian.policy.durations import spoken
from guardian.policy.inheritance import Value
from guardian.policy.model import Also, Exemption


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


def _item(item: str | Exemption | Also) -> str:
    match item:
        case Exemption():
            return exemption_reason(item)
        case Also():
            return also_words(item)
        case _:
            return item


def also_words(also: Also) -> str:
    """What else is to happen, and with which outcomes."""
    keeps = f" for {spoken(also.retention)}"
    does = {
        f"email {' and '.join(also.email)}": also.email,
        f"log to {also.log}{keeps}": also.log,
        f"start {also.start}": also.start,
        f"send to {also.bus}": also.bus,
    }
    of = f" of {' and '.join(also.kinds)}" if also.kinds else ""
    done = next((words for words, target in does.items() if target), "nothing")
    return f"{done} on {', '.join(also.outcomes)}{of}"


def exemption_reason(exempt: Exemption) -> str:
    """Why something is exempt, in the words of who wrote it, else by what it goes."""
    by = [f"tag {key}={value}" for key, value in sorted(exempt.tags.items())]
    patterns = {"principal": exempt.principal, "id": exempt.id, "origin": exempt.origin}
    by += [f"{name} {pattern}" for name, pattern in patterns.items() if pattern]
    by += ["its account"] if exempt.accounts else []
    return f"exempt: {exempt.reason or ', '.join(by)}"
