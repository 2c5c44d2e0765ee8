"""The JSON Schema of a policy file: editors complete and check with it what the loader will accept. Pure.

It knows less than the loader: not which OUs, regions and time zones there are, nor what two values mean together.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

from guardian.documents import Json
from guardian.ids import ACCOUNT
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from guardian.outcome import Result
from guardian.policy.also import BUS, EMAIL, LOG, MOST, RETENTIONS, START
from guardian.policy.durations import ISO, SHORT, spoken
from guardian.policy.hours import DAYS
from guardian.policy.keys import (
    ALSO_KEYS,
    CONDITIONS,
    EXEMPT_KEYS,
    HOURS_KEYS,
    KEYS,
    KIND_KEYS,
    LIMIT_KEYS,
    NOTIFY_KEYS,
    TARGETS,
    lockable,
)
from guardian.policy.load import OU
from guardian.policy.model import ALL_ENABLED, Mode, Quiet
from guardian.policy.values import CHANNEL, REGION, TOPIC

Schema = dict[str, Json]

_DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_ZONE = "[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*"
_CRON = r"\s*(\S+\s+){4}[^0-9\s]+\s*"


def schema() -> Schema:
    """The schema, in draft 2020-12, of one policy file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A policy of guardian",
        "description": "What holds for the accounts of one organizational unit and of the units below it.",
        **_mapping(KEYS, _properties(), required=["ou"]),
        "$defs": {
            "mode": {"type": "string", "enum": [mode.value for mode in Mode]},
            "duration": _duration("[0-9]", ["30s", "15m", "4h", "2d", "1h30m", "PT30M"]),
            "interval": _duration("[1-9]", ["30s", "15m", "4h", "2d", "1h30m", "PT30M"]),
            "text": {"type": "string", "pattern": r"\S"},
            "day": _text(_DATE, "2027-03-31") | {"format": "date"},
            "timezone": _text(_ZONE, "Europe/London", "UTC"),
            "window": _text(
                _window(),
                "mon-fri 07:00-20:00",
                "sat,sun,holiday 00:00-24:00",
                "07:00-20:00",
            ),
            "hours": _hours(),
        },
    }


def _properties() -> Mapping[str, Schema]:
    return {
        "ou": _text(OU.pattern, "/Workloads/Data Science", "ou-ab12-11111111", "/"),
        "mode": _ref("mode") | {"default": Mode.OBSERVE.value},
        "regions": _regions(),
        "kinds": _kinds(),
        "exempt": _nullable("array") | {"items": _exemption()},
        "hours": _ref("hours"),
        "notify": _mapping(NOTIFY_KEYS, _of_notify(), null=True),
        "also": _nullable("array") | {"items": _also(), "maxItems": MOST},
        "limits": _mapping(LIMIT_KEYS, _of_limits(), null=True),
        "locked": _list({"type": "string", "enum": list(lockable())}),
    }


def _regions() -> Schema:
    named = _list(_text(REGION.pattern, "eu-west-1")) | {"type": "array", "minItems": 1}
    return {"oneOf": [named, {"const": ALL_ENABLED}]}


def _kinds() -> Schema:
    kinds = all_kinds()
    titles = {key: f"{kind.title}: {_defaults(kind)}." for key, kind in kinds.items()}
    return _mapping(titles, {key: _kind(kind) for key, kind in kinds.items()}, null=True)


def _defaults(kind: Kind) -> str:
    grace = f"{spoken(kind.default_grace)} of grace by default"
    if kind.idle is None:
        return f"{grace}; nobody can tell whether one is idle"
    return f"{grace}, and {_or_none(kind.default_idle)} of idleness"


def _or_none(span: timedelta | None) -> str:
    return "none" if span is None else spoken(span)


def _kind(kind: Kind) -> Schema:
    """Only a kind whose idleness can be told has `idle`."""
    properties: dict[str, Schema] = {
        "mode": _ref("mode"),
        "grace": _ref("duration") | {"default": spoken(kind.default_grace)},
        "max_age": _ref("interval"),
        "hours": _ref("hours"),
    }
    said = dict(KIND_KEYS)
    said["grace"] += f" Where nobody says: {spoken(kind.default_grace)}."
    if kind.idle is None:
        del said["idle"]
    else:
        said["idle"] += f" Where nobody says: {_or_none(kind.default_idle)}."
        default: Schema = {"default": spoken(kind.default_idle)} if kind.default_idle else {}
        properties["idle"] = _ref("interval") | default
    return {"title": kind.title} | _mapping(said, properties, null=True)


def _exemption() -> Schema:
    properties: dict[str, Schema] = {
        "tags": _nullable("object") | {"additionalProperties": _ref("text")},
        "accounts": _list(_text(ACCOUNT, "111122223333")),
        "expires": _ref("day"),
    }
    texts = {key: _ref("text") for key in EXEMPT_KEYS if key not in properties}
    given: list[Json] = [_given(key) for key in CONDITIONS]
    return _mapping(EXEMPT_KEYS, properties | texts) | {"anyOf": given}


def _given(key: str) -> Schema:
    """The key is there, and not empty."""
    lists = dict.fromkeys(("accounts", "rests", "applies", "email"), "array")
    kind = {"tags": "object", **lists}
    filled: Schema = {"type": kind.get(key, "string"), "minProperties": 1, "minItems": 1}
    return {"required": [key], "properties": {key: filled}}


def _hours() -> Schema:
    properties: dict[str, Schema] = {
        "rests": _list(_ref("window")),
        "applies": _list(_ref("window")),
        "timezone": _ref("timezone"),
        "holidays": _list(_ref("day")),
    }
    either: list[Json] = [_given("rests"), _given("applies")]
    return _mapping(HOURS_KEYS, properties, required=["timezone"]) | {"oneOf": either}


def _also() -> Schema:
    bus = "arn:aws:events:eu-west-1:111122223333:event-bus/finops"
    properties: dict[str, Schema] = {
        "email": _list(_text(EMAIL.pattern, "team@example.com")) | {"maxItems": MOST},
        "log": _text(LOG.pattern, "/guardian/outcomes"),
        "start": _text(START.pattern, "after-stop"),
        "bus": _text(BUS.pattern, bus),
        "retention": {"type": "string", "enum": [f"{days}d" for days in RETENTIONS]},
        "outcomes": _list({"type": "string", "enum": [result.value for result in Result]}),
        "kinds": _list({"type": "string", "enum": list(all_kinds())}),
    }
    one: list[Json] = [_given(key) for key in TARGETS]
    return _mapping(ALSO_KEYS, properties) | {
        "oneOf": one,
        "dependentRequired": {"retention": ["log"]},
    }


def _of_notify() -> Mapping[str, Schema]:
    return {
        "channel": _text(CHANNEL.pattern, "#data-costs", "C0123456789"),
        "digest": _text(_CRON, "0 9 * * mon-fri"),
        "timezone": _ref("timezone"),
        "quiet": {"type": "string", "enum": [quiet.value for quiet in Quiet]},
        "sns": _text(TOPIC.pattern, "arn:aws:sns:eu-west-1:111122223333:data-costs"),
        "warn_before": _ref("duration"),
        "max_keep": _ref("interval"),
    }


def _of_limits() -> Mapping[str, Schema]:
    return {"stops_per_sweep": {"type": "integer", "minimum": 1, "maximum": 999_999_999}}


def _mapping(
    keys: Mapping[str, str],
    properties: Mapping[str, Schema],
    *,
    required: list[Json] | None = None,
    null: bool = False,
) -> Schema:
    """A mapping of these keys with what each says, and of no others."""
    said: Schema = {key: {"description": text} | properties[key] for key, text in keys.items()}
    made: Schema = {"properties": said, "additionalProperties": False}
    needs: Schema = {"required": required} if required else {}
    return (_nullable("object") if null else {"type": "object"}) | made | needs


def _nullable(kind: str) -> Schema:
    """A key without a value says nothing."""
    return {"type": [kind, "null"]}


def _list(items: Schema) -> Schema:
    return _nullable("array") | {"items": items, "uniqueItems": True}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _text(pattern: str, *examples: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{_ecma(pattern)})$", "examples": list(examples)}


def _duration(digit: str, examples: list[Json]) -> Schema:
    pattern = f"^(?=.*{digit})(?:{_ecma(SHORT.pattern)}|{_ecma(ISO.pattern)})$"
    return {"type": "string", "pattern": pattern, "examples": examples}


def _ecma(pattern: str) -> str:
    """Python's regular expression as JSON Schema wants it: groups have no names, digits are ASCII."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern).replace(r"\d", "[0-9]")


def _window() -> str:
    day = f"(?:{'|'.join(DAYS)})"
    time = "(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
    return f"(?:{day}(?:[-,]{day})* +)?{time}-{time}"
