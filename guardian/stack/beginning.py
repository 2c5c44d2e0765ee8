"""How a machine begins: what its event tells, one execution for each thing it tells of, and the wait for the grace."""

from collections.abc import Mapping

from guardian.documents import Json, jsonata
from guardian.kinds.base import Kind
from guardian.policy.model import Rule
from guardian.stack.judgement import literal, terms
from guardian.stack.tasks import State, js


def beginning(rule: Rule, first_look: str) -> dict[str, State]:
    """The states up to the first look."""
    several = _several() if any(start.several for start in rule.kind.starts) else {}
    return {
        "Start": {
            "Type": "Pass",
            "Assign": {
                **_identity(rule.kind),
                "parts": list(rule.kind.parts),
                "kind": rule.kind.key,
                "gone": list(rule.kind.gone),
                "origin": js(_origin(rule.kind)),
                "rule": terms(rule),
                "restEnds": 0,
            },
            "Next": "Several" if several else "Begin",
        },
        **several,
        "Begin": _begin(),
        "Grace": {
            "Type": "Wait",
            "Timestamp": js("$fromMillis($toMillis($eventTime) + $rule.grace)"),
            "Output": {},
            "Next": first_look,
        },
    }


def _begin() -> State:
    """What all machines of a policy take from the event alike."""
    return {
        "Type": "Pass",
        "Assign": {
            "id": js(_ID),
            "account": js("$states.input.account"),
            "region": js("$states.input.region"),
            "eventTime": js("$states.input.time"),
            "principals": js(_PRINCIPALS),
            "eventOwner": js(_OWNER),
            "quiet": js(f"$not($exists({_USER}))"),
            **{name: {} for name in ("seen", "thing", "error", "verdict", "final")},
            "stoppedAt": js("''"),
            **dict.fromkeys(("looks", "stops", "failures"), 0),
            **dict.fromkeys(("acknowledged", "yielded"), False),
        },
        "Output": {},
        "Next": "Grace",
    }


_ID = "$join($map($parts, function($name) {$lookup($part, $name) & ''}), '/')"
_DETAIL = "$states.input.detail"
_USER = f"{_DETAIL}.userIdentity"
# An assumed role shows as sts; policies speak of roles: all of its names are tried.
_PRINCIPALS = (
    rf"[{_USER}.arn, {_USER}.sessionContext.sessionIssuer.arn, $replace({_USER}.arn, "
    r"/^(arn:[^:]+):sts::([0-9]+):assumed-role\/([^\/]+)\/[\s\S]*$/, "
    "'$1:iam::$2:role/$3')]"
)
_OWNER = f"$exists({_USER}.arn) ? $split({_USER}.arn, '/')[-1] : ''"


def _identity(kind: Kind) -> Mapping[str, Json]:
    """The parts of its id, each event keeping them at places of its own. What is not there is left out."""
    if any(start.several for start in kind.starts):
        (name,) = kind.parts
        ids = f"$exists($states.input.only) ? [$states.input.only] : [{_told(kind, name)}]"
        return {"ids": js(ids), "part": js(f"{{{literal(name)}: ({ids})[0]}}")}
    members = ", ".join(f"{literal(part)}: {_told(kind, part)}" for part in kind.parts)
    return {"part": js(f"({{{members}}})")}


def _told(kind: Kind, part: str) -> str:
    """Where the events keep a part, the first that is there."""
    # Not as a list: an empty one would be there.
    found = (jsonata(start.ids[part].replace("[]", ""), _DETAIL) for start in kind.starts)
    paths = list(dict.fromkeys(found))
    return "".join(f"$exists({path}) ? {path} : " for path in paths[:-1]) + paths[-1]


def _origin(kind: Kind) -> str:
    """What the start request said of its own origin; "" where it said nothing."""
    paths = dict.fromkeys(jsonata(s.origin, _DETAIL) for s in kind.starts if s.origin)
    said = "".join(f"$type({path}) = 'string' ? {path} : " for path in paths)
    return f"{said}''"


def _several() -> dict[str, State]:
    """One event, many things: each gets an execution of its own, with a grace and a history of its own."""
    again: State = {
        "Type": "Task",
        "Resource": "arn:${AWS::Partition}:states:::aws-sdk:sfn:startExecution",
        "Arguments": {
            "StateMachineArn": js("$states.context.StateMachine.Id"),
            "Input": js("$string($merge([$states.input.event, {'only': $states.input.only}]))"),
        },
        "Retry": [
            {
                "ErrorEquals": ["States.ALL"],
                "IntervalSeconds": 2,
                "MaxAttempts": 6,
                "BackoffRate": 2,
            }
        ],
        "End": True,
    }
    # An object, not one expression: the specification has no other form for a selector.
    each: State = {"event": js("$states.input"), "only": js("$states.context.Map.Item.Value")}
    return {
        "Several": {
            "Type": "Choice",
            "Choices": [{"Condition": js("$count($ids) > 1"), "Next": "Each"}],
            "Default": "Begin",
        },
        "Each": {
            "Type": "Map",
            "Items": js("$ids"),
            "ItemSelector": each,
            "ItemProcessor": {"StartAt": "Start one", "States": {"Start one": again}},
            "Output": {},
            "Next": "Done",
        },
    }
