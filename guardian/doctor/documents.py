"""What resource policies of the hub let in. Pure: only what guardian's own stack writes is understood."""

from collections.abc import Iterator, Mapping

from guardian.documents import Json, pick, text
from guardian.notice import DETAIL_TYPE as NOTICED
from guardian.outcome import DETAIL_TYPE as OUTCOME
from guardian.outcome import SOURCE

ORGANIZATION = "aws:principalorgid"
EVENTBRIDGE = "events.amazonaws.com"


def lets_organization_in(policy: Json, organization: str) -> bool:
    """Whether a bus takes events of every account of an organization."""
    return any(_of_organization(each, organization) for each in _allowing(policy, "PutEvents"))


def lets_anybody_in(policy: Json) -> bool:
    """Whether a bus takes events of every account of AWS."""
    return any(not pick(each, "Condition") for each in _allowing(policy, "PutEvents"))


def lets_eventbridge_in(policy: Json) -> bool:
    """Whether a queue takes messages of EventBridge."""
    found = (each for each in _statements(policy) if _allows(each, "SendMessage"))
    return any(EVENTBRIDGE in _listed(pick(each, "Principal.Service")) for each in found)


def selects(pattern: Json) -> tuple[str, ...]:
    """The detail types of guardian's that a rule leaves out; all where it is not for guardian's events."""
    types = pick(pattern, "detail-type")
    if SOURCE not in _listed(pick(pattern, "source")):
        return (OUTCOME, NOTICED)
    return () if types is None else tuple(t for t in (OUTCOME, NOTICED) if t not in _listed(types))


def _allowing(policy: Json, action: str) -> Iterator[Json]:
    """The statements that allow it to everybody, if their conditions hold."""
    for statement in _statements(policy):
        principal = pick(statement, "Principal")
        named = _listed(pick(principal, "AWS") if isinstance(principal, Mapping) else principal)
        if "*" in named and _allows(statement, action):
            yield statement


def _statements(policy: Json) -> list[Json]:
    found = pick(policy, "Statement")
    return [found] if isinstance(found, Mapping) else _elements(found)


def _allows(statement: Json, action: str) -> bool:
    named = [each.lower().partition(":")[2] for each in _listed(pick(statement, "Action"))]
    return text(statement, "Effect") == "Allow" and bool({action.lower(), "*"} & {*named})


def _of_organization(statement: Json, organization: str) -> bool:
    conditions = pick(statement, "Condition")
    if not isinstance(conditions, Mapping) or set(conditions) - {"StringEquals", "StringLike"}:
        return False
    tests = [test for test in conditions.values() if isinstance(test, Mapping)]
    wanted = {key.lower(): _listed(value) for test in tests for key, value in test.items()}
    return wanted.keys() == {ORGANIZATION} and organization in wanted[ORGANIZATION]


def _listed(value: Json) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in _elements(value)]


def _elements(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else []
