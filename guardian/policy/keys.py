"""The keys of a policy file, each with what it says. The loader reads them, the schema and the reference tell them."""

from collections.abc import Mapping
from typing import Final

from guardian.kinds import all_kinds

KEYS: Final[Mapping[str, str]] = {
    "ou": "The organizational unit (OU): a path (`/` is the root) or an id (`ou-…`, `r-…`).",
    "mode": "`observe`: report what would be stopped; `stop`: stop it. Where nobody says: `observe`.",
    "regions": "The regions that are governed; `all-enabled` for all that an account has enabled.",
    "kinds": "The kinds of resource that are governed, and how. Where nobody says: every kind, with its defaults.",
    "exempt": "What is left alone. Exemptions add up on the way from the root to an account.",
    "hours": "The hours in which the rules rest, or apply. Where nobody says: they always apply.",
    "notify": "Where and when digests go. Where nobody says: as guardian.yaml says.",
    "also": "What else is to happen with outcomes. Entries add up on the way from the root to an account.",
    "limits": "How much may be done. Where nobody says: only the brakes of guardian.yaml hold.",
    "locked": "The settings that files for OUs below may tighten and not loosen; one covers all below it.",
}
KIND_KEYS: Final[Mapping[str, str]] = {
    "mode": "`observe` or `stop`, for this kind only.",
    "grace": "How long after its start a resource is left alone.",
    "idle": "How long it must have been idle.",
    "max_age": "How long after its start it is stopped even if it is at work. Where nobody says: never.",
    "hours": "The hours in which the rule rests, or applies, for this kind only.",
}
CONDITIONS: Final[Mapping[str, str]] = {
    "tags": "Patterns of the resource's tags, by key. `*` and `?` are wildcards.",
    "principal": "A pattern of the ARN of who started it.",
    "accounts": "Account ids, each in quotes.",
    "id": "A pattern of the resource's own id or name.",
    "origin": "A pattern of what the request that started it says of its own origin.",
}
EXEMPT_KEYS: Final[Mapping[str, str]] = {
    **CONDITIONS,
    "reason": "Why; shown wherever the exemption is.",
    "owner": "Whom to ask; shown wherever the exemption is.",
    "expires": "The first day (UTC) on which it holds no more; after it, guardian warns.",
}
HOURS_KEYS: Final[Mapping[str, str]] = {
    "rests": "Windows in which nothing is stopped; either these or `applies`.",
    "applies": "Windows outside of which nothing is stopped; either these or `rests`.",
    "timezone": "The IANA time zone of the windows.",
    "holidays": "Days that are no weekdays: on them those windows open that name `holiday` or no day.",
}
NOTIFY_KEYS: Final[Mapping[str, str]] = {
    "channel": "A Slack channel's name, in quotes because `#` begins a comment, or its id.",
    "digest": "A five-field cron; days of the week by name, since their numbers differ between schedulers.",
    "timezone": "The IANA time zone of `digest`, and of the times that a digest tells.",
    "quiet": "What to do when there is nothing to tell: `say` so in one line, or `skip` it.",
    "sns": "The ARN of an SNS topic that gets the same digests as plain text, for mail.",
    "warn_before": "How long before a stop people are warned. Where nobody says: they are not.",
    "max_keep": "How long something may be kept alive in all, by a button or a command. Where nobody says: `1d`.",
}
TARGETS: Final[Mapping[str, str]] = {
    "email": "Addresses that are written to; each has to confirm once for every account and region.",
    "log": "A CloudWatch Logs group, made with the policy's name added: `/guardian/outcomes/POLICY`.",
    "start": "A state machine's name, in the account and region of the resource.",
    "bus": "The ARN of an event bus, in any account and region.",
}
ALSO_KEYS: Final[Mapping[str, str]] = {
    **TARGETS,
    "retention": "How long the log group keeps what it was told. Where nobody says: `90d`.",
    "outcomes": "Which outcomes. Where nobody says: `stopped`, `would_stop` and `failed`.",
    "kinds": "Which kinds of resource. Where nobody says: all that are governed.",
}
LIMIT_KEYS: Final[Mapping[str, str]] = {
    "stops_per_sweep": "How many resources under this policy one sweep may stop.",
}


UNLOCKABLE: Final = frozenset({"ou", "also", "locked"})
"""`also` only adds up: nothing below can take from it."""


def lockable() -> tuple[str, ...]:
    """The dotted names of all settings that may be locked."""
    sections = {"notify": NOTIFY_KEYS, "limits": LIMIT_KEYS}
    inside = [f"{name}.{key}" for name, keys in sections.items() for key in keys]
    of_kinds = [name for kind in all_kinds() for name in _of_kind(f"kinds.{kind}")]
    return (*(key for key in KEYS if key not in UNLOCKABLE), *inside, *of_kinds)


def _of_kind(name: str) -> tuple[str, ...]:
    return (name, *(f"{name}.{key}" for key in KIND_KEYS))
