"""What else is to happen with outcomes, read out of a policy file."""

import re
from collections.abc import Iterator
from datetime import timedelta

from guardian.ids import Region
from guardian.kinds import all_kinds
from guardian.outcome import Result
from guardian.places import Position, Problem
from guardian.policy import values
from guardian.policy.durations import spoken
from guardian.policy.form import Form
from guardian.policy.inheritance import Chain
from guardian.policy.keys import ALSO_KEYS, TARGETS
from guardian.policy.model import ALL_ENABLED, ALSO_OUTCOMES, Also, Policy, PolicyFile
from guardian.policy.nearest import hint
from guardian.policy.nodes import Node

MOST = 10
"""Of entries in a file and of addresses in an entry: each is rules and topics in every account and region."""

# Narrower than mail allows: nothing here means anything to CloudFormation.
EMAIL = re.compile(
    r"[A-Za-z0-9.!#%&'*+=?^_~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,4}"
)
LOG = re.compile(r"(?!aws/)[._/#A-Za-z0-9-]{0,479}[._#A-Za-z0-9-]")
"""CloudWatch Logs takes 512 characters; a slash and the policy's name are added."""
START = re.compile(r"(?!guardian-)[A-Za-z0-9_-]{1,80}")
BUS = re.compile(
    r"arn:(aws(?:-[a-z]+)*):events:[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}:[0-9]{12}:event-bus/[A-Za-z0-9._/-]{1,256}"
)
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365)
"""How long CloudWatch Logs can be told to keep something, up to the longest duration there is."""


def also(parent: Form) -> tuple[Also, ...]:
    """The entries of a file."""
    forms = parent.forms("also", ALSO_KEYS)
    if len(forms) > MOST:
        parent.wrong(parent.place("also"), "also", f"has {len(forms)} entries; {MOST} at most")
    return tuple(map(_entry, forms))


def _entry(form: Form) -> Also:
    targets = [key for key in TARGETS if key in form.keys]
    if len(targets) != 1 or not form.filled(targets[0]):
        given = f"not {' and '.join(targets)}" if len(targets) > 1 else "nothing happens without"
        form.wrong(form.at, "", f"give one of {', '.join(TARGETS)}; {given}")
    if "retention" in form.keys and "log" not in form.keys:
        form.wrong(form.place("retention"), "retention", "only a log keeps something")
    addresses = form.each("email", _email) or ()
    if len(addresses) > MOST:
        form.wrong(form.place("email"), "email", f"has {len(addresses)} addresses; {MOST} at most")
    retention = form.read("retention", _retention)
    return Also(
        email=addresses,
        log=form.read("log", _log) or "",
        retention=Also.retention if retention is None else retention,
        start=form.read("start", _start) or "",
        bus=form.read("bus", _bus) or "",
        outcomes=form.each("outcomes", values.choice(Result)) or ALSO_OUTCOMES,
        kinds=form.each("kinds", _kind) or (),
    )


def _email(node: Node) -> str:
    return values.pattern(EMAIL.pattern, "an address such as team@example.com")(node)


def _log(node: Node) -> str:
    meaning = (
        "a log group's name: letters, digits and . - _ / #, 480 at most, no slash at its end, and "
        "not in aws/, which is AWS's own"
    )
    return values.pattern(LOG.pattern, meaning)(node)


def _start(node: Node) -> str:
    name = values.text(node)
    if name.startswith("arn:"):
        message = "a rule can start only a state machine of its own account and region"
        raise ValueError(f"{message}: write its name, {name.rpartition(':')[2]}, for all of them")
    if name.startswith("guardian-"):
        raise ValueError(
            f"{name!r} would be one of guardian's own: an outcome would make outcomes"
        )
    return values.pattern(START.pattern, "a state machine's name: letters, digits, - and _")(node)


def _bus(node: Node) -> str:
    meaning = "an event bus's ARN such as arn:aws:events:eu-west-1:111122223333:event-bus/finops"
    arn = values.pattern(BUS.pattern, meaning)(node)
    if arn.endswith("/default"):
        message = "where the default bus is governed it would send to itself"
        raise ValueError(f"{message}: name a bus of its own")
    return arn


def _kind(node: Node) -> str:
    name = values.text(node)
    if name not in all_kinds():
        raise ValueError(f"there is no kind {name!r}{hint(name, all_kinds())}")
    return name


def _retention(node: Node) -> timedelta:
    span = values.interval(node)
    if span not in {timedelta(days=days) for days in RETENTIONS}:
        known = ", ".join(f"{days}d" for days in RETENTIONS)
        raise ValueError(f"CloudWatch Logs cannot keep for {spoken(span)}, only for {known}")
    return span


def unreachable(chain: Chain) -> Iterator[Problem]:
    """Where the last file of a chain has a bus in another partition than its regions."""
    file = chain[-1]
    regions = next((f.regions for f in reversed(chain) if f.regions is not None), ())
    for each in chain:
        for number, entry in enumerate(each.also):
            foreign = [r for r in regions if entry.bus and not _reaches(r, entry.bus)]
            place = each.positions.get(f"also[{number}]") if each is file else _regions_of(file)
            if foreign and place:
                yield Problem(place, f"also: no event goes from {foreign[0]} to {entry.bus}")


def unmatched(file: PolicyFile, policy: Policy) -> Iterator[Problem]:
    """Where a file waits for outcomes of kinds that are not governed."""
    governed = {rule.kind.key for rule in policy.rules}
    for number, entry in enumerate(file.also):
        odd = [kind for kind in entry.kinds if kind not in governed]
        if odd:
            name = f"also[{number}].kinds"
            at = file.positions.get(name, file.ou_position)
            yield Problem(at, f"{name}: not governed here: {', '.join(odd)}")


def _regions_of(file: PolicyFile) -> Position | None:
    return file.positions.get("regions")


def _reaches(region: Region, bus: str) -> bool:
    starts = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    partition = next((name for start, name in starts.items() if region.startswith(start)), "aws")
    return region == ALL_ENABLED or partition == bus.split(":")[1]
