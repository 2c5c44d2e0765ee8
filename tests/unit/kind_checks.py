"""What every kind must keep to, as far as its declaration and AWS's models tell: for any kind, registered or not."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape
from policy_sentry.querying.actions import get_action_data

from guardian.documents import Json
from guardian.kinds.base import (
    KEEP_UNTIL,
    Call,
    IdleSamples,
    IdleSince,
    Kind,
    Listing,
    Phase,
    Sign,
)
from tests.unit.aws_model import at, member, objections, operation

ANY = "a1"
"""What stands for a part of an id, of which no enum knows."""
VALUES = {
    "arn": "arn:aws:service:eu-west-1:111122223333:thing/with-a-name-as-long-as-any",
    "now": "2026-11-23T12:00:00Z",
    "idle_from": "2026-11-23T11:00:00Z",
    "until": "2026-11-23T18:00:00Z",
}
EMR = "arn:<partition>:elasticmapreduce:<region>:<account>:cluster/*"
EMR_SERVERLESS = "arn:<partition>:emr-serverless:<region>:<account>:/applications/*"
UNLISTED = {
    # Newer than policy_sentry's data. From the service authorization reference of EMR Serverless.
    "emr-serverless:ListSessions": EMR_SERVERLESS,
    "emr-serverless:GetSession": f"{EMR_SERVERLESS}/sessions/*",
    "emr-serverless:TerminateSession": f"{EMR_SERVERLESS}/sessions/*",
    # From the policy that EMR's guide gives for sessions of clusters.
    "elasticmapreduce:ListSessions": EMR,
    "elasticmapreduce:GetSession": f"{EMR}/session/*",
    "elasticmapreduce:TerminateSession": f"{EMR}/session/*",
}


def listings(listing: Listing | None) -> Iterator[Listing]:
    """A listing and those it lies within."""
    while listing is not None:
        yield listing
        listing = listing.within


def answered(kind: Kind, read: str) -> Shape:
    """The shape of what a read answers."""
    idle = {"idle": kind.idle.read} if isinstance(kind.idle, IdleSamples) else {}
    shape = operation({**kind.reads, **idle}[read]).output_shape
    assert shape is not None
    return shape


def seen_at(kind: Kind, path: str) -> Shape:
    """The shape at a path below the reads."""
    read, _, rest = path.partition(".")
    return at(answered(kind, read), rest)


def paths(kind: Kind) -> list[str]:
    """Every path below the reads that the kind names."""
    named = [kind.status, kind.start, kind.owner, *kind.facts.values(), *kind.busy]
    named += [kept.path for kept in kind.kept]
    named += [kind.tags.path] if kind.tags else []
    named += [kind.idle.since] if isinstance(kind.idle, IdleSince) else []
    return [path for path in named if path]


def check_calls(kind: Kind) -> None:
    for call in kind.calls:
        filled = filled_in(call.arguments, VALUES | dict.fromkeys(kind.parts, ANY))
        found = objections(filled, operation(call).input_shape)
        assert [each for each in found if not each.startswith(f"{ANY!r} is none of")] == [], (
            call.action
        )


def filled_in(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        return re.sub(r"\{(\w+)\??\}", lambda found: values[found[1]], template)
    if isinstance(template, Mapping):
        return {key: filled_in(value, values) for key, value in template.items()}
    return (
        [filled_in(item, values) for item in template]
        if isinstance(template, list | tuple)
        else template
    )


def check_placeholders(kind: Kind) -> None:
    """Each part of its id is of use, and nothing is named that nobody fills in."""
    known = {*kind.parts, *(f"{part}_lower" for part in kind.parts), "arn"}
    window = {"now", "idle_from"}
    place = {"partition", "region", "account"}
    assert placeholders(kind.arn) <= known | place
    for call in (*kind.reads.values(), kind.stop):
        assert placeholders(call.arguments) <= known, call.action
    if kind.keep:
        assert placeholders(kind.keep.arguments) <= known | {"until"}
        assert KEEP_UNTIL in str(kind.keep.arguments)
    if isinstance(kind.idle, IdleSamples):
        assert placeholders(kind.idle.read.arguments) <= known | window
    assert set(kind.parts) <= placeholders(kind.stop.arguments) | placeholders(kind.arn)


def placeholders(template: Json) -> set[str]:
    return set(re.findall(r"\{(\w+)\??\}", str(template)))


def check_permissions(kind: Kind) -> None:
    for call in kind.calls:
        prefix, action = call.permission.split(":")
        rows = (get_action_data(prefix, action) or {}).get(prefix, [])
        known = {form(row["resource_arn_format"]) for row in rows}
        forms = known or {UNLISTED[call.permission]}
        if call.resource == "*":
            assert not forms & set(_own_forms(kind)), f"{call.permission} can be narrowed"
        else:
            assert form(call.resource) in forms, call.permission


def form(arn: str) -> str:
    """An ARN form of IAM's tables or of a kind, alike: a star stands for slashes, too."""
    pseudo = re.sub(r"\$?\{(partition|region|account)\}", r"<\1>", arn, flags=re.IGNORECASE)
    stars = re.sub(r"(\$?\{\w+\})+", "*", pseudo).lower()
    return re.sub(r"\*(/\*)+", "*", stars)


def _own_forms(kind: Kind) -> Iterator[str]:
    """Of the kind's own ARN, and of what it lies within: `cluster/*` of `cluster/*/session/*`."""
    own = form(kind.arn)
    while own.count("/"):
        yield own
        own = own.rpartition("/")[0].rpartition("/")[0] if own.endswith("/*") else ""


def check_that_every_read_serves(kind: Kind) -> None:
    """What is asked for with every look is made use of."""
    assert {path.partition(".")[0] for path in paths(kind)} == set(kind.reads)
    assert set(kind.optional) < set(kind.reads)
    first = next(iter(kind.reads))
    assert first not in kind.optional
    must = [kind.status, kind.start, *([kind.tags.path] if kind.tags else []), *kind.busy]
    assert not {path.partition(".")[0] for path in must} & set(kind.optional)


def check_listing(kind: Kind) -> None:
    told: set[str] = set()
    for number, listing in enumerate(listings(kind.listing)):
        made = operation(listing.call)
        asked, answer = made.input_shape, made.output_shape
        assert asked is not None
        assert answer is not None
        item = at(answer, listing.items if listing.items.endswith("[]") else f"{listing.items}[]")
        assert all(at(item, path).type_name == "string" for path in listing.ids.values())
        told |= set(listing.ids)
        if number == 0:
            assert at(item, listing.status).type_name == "string"
            assert at(item, listing.start).type_name == "timestamp"
        if listing.page:
            assert member(asked, listing.page).type_name == "string"
            assert member(answer, listing.page).type_name == "string"
        above = listing.within.ids if listing.within else {}
        assert placeholders(listing.call.arguments) == set(above)
        assert not listing.none or listing.within
    assert told == set(kind.parts)


def check_that_a_listing_tells_as_much_as_the_read(kind: Kind) -> None:
    if kind.listing.as_read is None:
        return
    answer = operation(kind.listing.call).output_shape
    assert answer is not None
    item = at(answer, f"{kind.listing.items}[]")
    first = next(iter(kind.reads))
    above = f"{first}.{kind.listing.as_read}".rstrip(".") + "."
    told = [path for path in paths(kind) if path.partition(".")[0] == first]
    assert told
    for path in told:
        at(item, path.removeprefix(above))


def check_paths(kind: Kind) -> None:
    assert all(seen_at(kind, path) for path in paths(kind))
    assert seen_at(kind, kind.start).type_name == "timestamp"
    assert kind.tags
    tags = seen_at(kind, kind.tags.path)
    assert tags.type_name == ("list" if kind.tags.pairs else "map")
    if kind.tags.pairs:
        assert {"Key", "Value"} <= {*at(tags, "").member.members}  # type: ignore[attr-defined]  # a list
    for kept in kind.kept:
        wanted = {Sign.TRUE: {"boolean"}, Sign.EMPTY: {"map"}}
        found = seen_at(kind, kept.path)
        assert found.type_name in wanted.get(kept.value, {"string"})  # type: ignore[call-overload]  # or a text
        choices = found.metadata.get("enum") or [kept.value]
        assert isinstance(kept.value, Sign) or kept.value in choices
    for path in kind.busy:
        assert "[]" in path or seen_at(kind, path).type_name == "list"
    assert not kind.owner or seen_at(kind, kind.owner).type_name == "string"


def check_idleness(kind: Kind) -> None:
    assert kind.idle is not None or kind.default_idle is None
    match kind.idle:
        case IdleSince(status=status, since=since):
            assert seen_at(kind, since).type_name == "timestamp"
            assert kind.phases[status] is Phase.LIVE
        case IdleSamples(status=status, samples=samples):
            numbers = seen_at(kind, f"idle.{samples}").type_name
            assert numbers in {"double", "float", "integer"}
            assert kind.phases[status] is Phase.LIVE
        case None:
            pass


def check_phases(kind: Kind) -> None:
    """Exactly AWS's: a status that is new there must be looked at, one that is not there is a slip of the pen."""
    statuses = set(seen_at(kind, kind.status).metadata["enum"])
    assert statuses - set(kind.phases) == set(), "AWS knows more"
    assert set(kind.phases) - statuses == set(), "AWS does not know these"
    assert set(kind.phases.values()) >= {Phase.LIVE, Phase.OVER}


def check_events(kind: Kind) -> None:
    """Patterns are such as EventBridge takes, and each start tells a whole id."""
    for start in kind.starts:
        problems = list(_unlike_a_pattern(dict(start.pattern)))
        assert problems == []
        assert set(start.ids) == set(kind.parts)
        assert not start.several or len(kind.parts) == 1
        if start.by_call:
            _check_calls_of_events(kind, start.names, start.event_source)


def _check_calls_of_events(kind: Kind, names: tuple[str, ...], event_source: str) -> None:
    assert names
    assert event_source == f"{(kind.stop.iam or kind.stop.service)}.amazonaws.com"
    for name in names:
        assert operation(Call(kind.stop.service, name, {})).name == name


def _unlike_a_pattern(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unlike_a_pattern(item, f"{path}.{key}")
    elif not isinstance(value, list | tuple) or not value:
        yield f"{path}: wants a list of choices"
    else:
        fine = all(isinstance(v, str) or v in ({"exists": True}, {"exists": False}) for v in value)
        yield from () if fine else (f"{path}: {value}",)


def check_words(kind: Kind) -> None:
    """What people are told is there, in one line each."""
    for text in (kind.title, kind.loses, kind.price):
        assert text
        assert "\n" not in text
        assert not text.endswith(".")
    assert kind.gone
    assert all(kind.gone)


CHECKS = (
    check_calls,
    check_placeholders,
    check_permissions,
    check_that_every_read_serves,
    check_listing,
    check_that_a_listing_tells_as_much_as_the_read,
    check_paths,
    check_idleness,
    check_phases,
    check_events,
    check_words,
)
