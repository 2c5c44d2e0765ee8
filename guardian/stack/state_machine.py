"""The state machine of a kind under a rule: one skeleton for all kinds.

    Read > Grace > Look ... > Judge > Decide > Stop > Settle > Look ... > Report

It never branches on error names: after any error it looks again, and what it sees decides. A duplicate event is
harmless, since the second machine finds the thing gone. Variables: `seen` (answers by read), `verdict`, `final` (the
verdict that a stop was based on), `looks`, `stops`, `failures` (counts), `acknowledged` (a stop call was accepted).
"""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta

from guardian.documents import Json
from guardian.ids import Slug
from guardian.kinds.base import Call, Kind
from guardian.outcome import DETAIL_TYPE, SOURCE, VERSION
from guardian.policy.model import Mode, Rule
from guardian.stack.judgement import judgement, literal, milliseconds
from guardian.stack.tasks import State, js, task
from guardian.verdict import exemptions, grace

MAX_LOOKS = 400
"""A history holds 25,000 events and a look makes some 25: past this the sweep goes on looking."""
MAX_STOPS = 5
MAX_FAILURES = 10
SETTLE = 15
LONGEST_WAIT = timedelta(days=30)


def definition(slug: Slug, rule: Rule) -> str:
    """The machine as JSON text, with CloudFormation's pseudo parameters still in it."""
    machine: Json = {
        "Comment": f"guardian: {rule.kind.title}, policy {slug}",
        "QueryLanguage": "JSONata",
        "StartAt": "Read",
        "States": {
            **_beginning(rule),
            **_looks(rule),
            **_decisions(rule),
            **_end(slug, rule.kind),
        },
    }
    return json.dumps(machine, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def permissions(rule: Rule) -> tuple[Call, ...]:
    """The calls the machine makes. One that only observes may not stop."""
    calls = tuple(call for _, call in _reads(rule))
    return (*calls, rule.kind.stop) if rule.mode is Mode.STOP else calls


def _beginning(rule: Rule) -> dict[str, State]:
    return {
        "Read": {
            "Type": "Pass",
            "Assign": {
                "id": js(_first_of(start.id for start in rule.kind.starts)),
                "account": js("$states.input.account"),
                "region": js("$states.input.region"),
                "eventTime": js("$states.input.time"),
                "principals": js(_PRINCIPALS),
                **_origin(rule),
                "eventOwner": js(_OWNER),
                "seen": {},
                "error": {},
                "verdict": {},
                "final": {},
                "stoppedAt": "",
                "looks": 0,
                "stops": 0,
                "failures": 0,
                "acknowledged": False,
            },
            "Output": {},
            "Next": "Grace",
        },
        "Grace": {
            "Type": "Wait",
            "Timestamp": js(f"$fromMillis($toMillis($eventTime) + {milliseconds(grace(rule))})"),
            "Output": {},
            "Next": _first_look(rule),
        },
    }


_USER = "$states.input.detail.userIdentity"
# An assumed role shows as sts; policies speak of roles: all of its names are tried.
_PRINCIPALS = (
    rf"[{_USER}.arn, {_USER}.sessionContext.sessionIssuer.arn, $replace({_USER}.arn, "
    r"/^(arn:[^:]+):sts::([0-9]+):assumed-role\/([^\/]+)\/[\s\S]*$/, "
    '"$1:iam::$2:role/$3")]'
)
_OWNER = f'$exists({_USER}.arn) ? $split({_USER}.arn, "/")[-1] : ""'


def _first_of(paths: Iterable[str]) -> str:
    """Each start event keeps a thing at its own place."""
    tried = [f"$states.input.detail.{path}" for path in dict.fromkeys(paths)]
    choices = "".join(f"$exists({path}) ? {path} : " for path in tried[:-1])
    return choices + tried[-1]


def _origin(rule: Rule) -> Mapping[str, Json]:
    """What the start request said of its own origin, where an exemption asks for it; "" where it said nothing."""
    if not any(exempt.origin for exempt in exemptions(rule)):
        return {}
    said = _first_of(start.origin for start in rule.kind.starts if start.origin)
    return {"origin": js(f'($said := {said}; $type($said) = "string" ? $said : "")')}


def _reads(rule: Rule) -> list[tuple[str, Call]]:
    reads = list(rule.kind.reads.items())
    if rule.idle is not None and rule.kind.idle is not None:
        reads.append(("idle", rule.kind.idle.read))
    return reads


def _first_look(rule: Rule) -> str:
    return f"Look at {next(iter(rule.kind.reads))}"


def _looks(rule: Rule) -> dict[str, State]:
    reads = _reads(rule)
    names = [f"Look at {name}" for name, _ in reads]
    following = [*names[1:], "Judge"]
    return {
        state: _look(rule, name, call, after)
        for state, (name, call), after in zip(names, reads, following, strict=True)
    }


def _look(rule: Rule, name: str, call: Call, after: str) -> State:
    answer = f"{{{literal(name)}: $states.result}}"
    first = name == next(iter(rule.kind.reads))
    return {
        **task(rule, call),
        "Assign": {"seen": js(answer if first else f"$merge([$seen, {answer}])")},
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Output": {},
                **({"Next": after} if name in rule.kind.optional else _blind(first=first)),
            }
        ],
        "Output": {},
        "Next": after,
    }


def _blind(*, first: bool) -> State:
    """Only the first read can tell that the thing does not exist."""
    error = "$states.errorOutput" if first else '{"Cause": "", "Error": ""}'
    return {"Assign": {"error": js(error)}, "Next": "Unseen"}


def _decisions(rule: Rule) -> dict[str, State]:
    first = _first_look(rule)
    stopping: dict[str, State] = {}
    if rule.mode is Mode.STOP:
        stopping = {"Stop": _stop(rule), "Settle": _wait(first, {"Seconds": SETTLE})}
    longest = f"$fromMillis($millis() + {milliseconds(LONGEST_WAIT)})"
    until = js(f"$verdict.until < {longest} ? $verdict.until : {longest}")
    return {
        "Unseen": {
            "Type": "Choice",
            "Choices": _unseen(rule.kind),
            "Default": "Pause",
            "Output": {},
        },
        "Pause": _wait(first, {"Seconds": 60}, {"failures": js("$failures + 1")}),
        "Judge": {
            "Type": "Pass",
            "Assign": {"verdict": js(judgement(rule)), "failures": 0},
            "Output": {},
            "Next": "Decide",
        },
        "Decide": {"Type": "Choice", "Choices": _choices(), **_default(rule), "Output": {}},
        "Again": _wait(first, {"Timestamp": until}, {"looks": js("$looks + 1")}),
        **stopping,
    }


def _wait(after: str, until: State, assign: State | None = None) -> State:
    counted: State = {"Assign": assign} if assign else {}
    return {"Type": "Wait", **until, **counted, "Output": {}, "Next": after}


def _unseen(kind: Kind) -> list[Json]:
    said = '$error.Error & " " & $error.Cause'
    gone = " or ".join(f"$contains({said}, {literal(word)})" for word in kind.gone)
    ended = _report("$acknowledged ? 'stopped' : 'gone'", '"it is gone"')
    return [
        {"Condition": js(gone), **ended},
        {
            "Condition": js(f"$failures >= {MAX_FAILURES}"),
            **_report("'failed'", '"it cannot be looked at"'),
        },
    ]


def _choices() -> list[Json]:
    # Stopped, and started again by somebody: that start has a machine of its own.
    # Nested, not `and`: an implementation may evaluate both sides.
    anew = "$exists($verdict.began) ? $verdict.began > $toMillis($stoppedAt) : false"
    restarted = f'$acknowledged ? ($verdict.do = "gone" ? false : ({anew})) : false'
    given_up = f'$verdict.do = "again" and $looks >= {MAX_LOOKS}'
    still = '$verdict.reason & "; the sweep goes on looking"'
    return [
        _choice('$verdict.do = "gone"', "$acknowledged ? 'stopped' : 'gone'", "$verdict.reason"),
        _choice(restarted, "'stopped'", "$final.reason"),
        _choice('$verdict.do = "keep"', "'kept'", "$verdict.reason"),
        _choice(given_up, "$acknowledged ? 'failed' : 'kept'", still),
        {"Condition": js('$verdict.do = "again"'), "Next": "Again"},
        _choice(
            f"$stops >= {MAX_STOPS}", "'failed'", f'"it runs on after {MAX_STOPS} stop calls"'
        ),
    ]


def _choice(condition: str, result: str, reason: str) -> State:
    return {"Condition": js(condition), **_report(result, reason)}


def _report(result: str, reason: str) -> State:
    return {"Assign": {"result": js(result), "reason": js(reason)}, "Next": "Report"}


def _default(rule: Rule) -> State:
    if rule.mode is Mode.STOP:
        return {"Default": "Stop"}
    return {
        "Assign": {"result": "would_stop", "reason": js("$verdict.reason")},
        "Default": "Report",
    }


def _stop(rule: Rule) -> State:
    tried: State = {"stops": js("$stops + 1")}
    return {
        **task(rule, rule.kind.stop),
        "Assign": {
            **tried,
            "acknowledged": True,
            "final": js("$acknowledged ? $final : $verdict"),
            "stoppedAt": js("$acknowledged ? $stoppedAt : $now()"),
        },
        "Catch": [
            {"ErrorEquals": ["States.ALL"], "Assign": tried, "Output": {}, "Next": "Settle"}
        ],
        "Output": {},
        "Next": "Settle",
    }


def _end(slug: Slug, kind: Kind) -> dict[str, State]:
    return {
        "Report": {
            "Type": "Task",
            "Resource": "arn:${AWS::Partition}:states:::events:putEvents",
            "Arguments": {
                "Entries": [
                    {
                        "Source": SOURCE,
                        "DetailType": DETAIL_TYPE,
                        "Detail": js(_detail(slug, kind)),
                    }
                ]
            },
            "TimeoutSeconds": 60,
            "Retry": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "IntervalSeconds": 5,
                    "MaxAttempts": 6,
                    "BackoffRate": 2,
                }
            ],
            "Output": {},
            "Next": "Reported",
        },
        "Reported": {
            "Type": "Choice",
            "Choices": [{"Condition": js("$result = 'failed'"), "Next": "Failed"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
        "Failed": {"Type": "Fail", "Error": "Guardian.Failed", "Cause": js("$reason")},
    }


def _detail(slug: Slug, kind: Kind) -> str:
    """What the report says; a stop is reported as it was judged, not as it is seen afterwards."""
    fields = {
        "version": str(VERSION),
        "outcome": "$result",
        "kind": literal(kind.key),
        "id": "$id",
        "policy": literal(slug),
        "reason": "$result = 'stopped' ? $final.reason : $reason",
        "owner": "$exists($told.owner) ? $told.owner : $eventOwner",
        "started": "$exists($told.started) ? $told.started : $eventTime",
        "due": "$told.due",
        "facts": "$told.facts",
        "at": "$result = 'stopped' ? $stoppedAt : $now()",
        "execution": "$states.context.Execution.Id",
    }
    members = ", ".join(f'"{name}": {value}' for name, value in fields.items())
    return f"($told := $acknowledged ? $final : $verdict; {{{members}}})"
