"""The state machine of a kind under a rule: one skeleton for all kinds.

    Start > Begin > Grace > Look ... > See > Judge > Decide > Act > Settle > Look ... > Tell > Report

It never branches on error names: after any error it looks again, and what it sees decides. A duplicate event is
harmless, since the second machine finds the thing gone. What differs from kind to kind is in `Start`, the looks, `See`,
`Act` and `Report`; all other states are the same in the machines of a policy, which its template writes once.
Variables: `part` (of the id), `rule`, `seen` (answers by read), `thing` (what they hold), `verdict`, `final` (the
verdict that a stop was based on), `looks`, `stops`, `failures` (counts), `acknowledged` (a stop call was accepted),
`quiet` (the event tells of no caller: another one does, and its machine reports that nothing was to do),
`yielded` (a quiet machine has let that other one act first).
"""

import json
from collections.abc import Mapping
from datetime import timedelta

from guardian.documents import Json, jsonata
from guardian.ids import Slug
from guardian.kinds.base import Call, IdleSamples, Kind, Phase
from guardian.outcome import DETAIL_TYPE, SOURCE, VERSION
from guardian.policy.model import Mode, Rule
from guardian.stack import resting, warning
from guardian.stack.beginning import beginning
from guardian.stack.judgement import judgement, literal, milliseconds, thing
from guardian.stack.tasks import State, js, task
from guardian.verdict import BUSY_PAUSE

MAX_LOOKS = 400
"""A history holds 25,000 events and a look makes some 25: past this the sweep goes on looking."""
MAX_STOPS = 5
MAX_FAILURES = 10
SETTLE = 15
LONGEST_WAIT = timedelta(days=30)
FIRST_LOOK = "Look"


def definition(slug: Slug, rule: Rule) -> str:
    """The machine as JSON text, with CloudFormation's pseudo parameters still in it."""
    return definition_of({name: written(state) for name, state in states(slug, rule).items()})


def definition_of(texts: Mapping[str, str]) -> str:
    """A machine out of its states' texts by name, in the order of the names."""
    inside = ",".join(f"{written(name)}:{texts[name]}" for name in sorted(texts))
    return f'{{"Comment":"guardian","QueryLanguage":"JSONata","StartAt":"Start","States":{{{inside}}}}}'


def written(value: Json) -> str:
    """Compact JSON text in a stable order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def states(slug: Slug, rule: Rule) -> Mapping[str, State]:
    """The machine's states by name."""
    whole = {
        **beginning(rule, FIRST_LOOK),
        **_looks(rule),
        **_decisions(rule),
        **_acts(rule),
        **_end(slug),
    }
    return warning.with_warning(slug, whole) if rule.warn_before else whole


def permissions(rule: Rule) -> tuple[Call, ...]:
    """The calls the machine makes. One that only observes may not stop."""
    calls = tuple(call for _, call in _reads(rule))
    return (*calls, rule.kind.stop) if rule.mode is Mode.STOP else calls


def starts_itself(kind: Kind) -> bool:
    """Whether one event may tell of several, so that the machine starts one of its own for each."""
    return any(start.several for start in kind.starts)


def _reads(rule: Rule) -> list[tuple[str, Call]]:
    reads = list(rule.kind.reads.items())
    if isinstance(rule.measured, IdleSamples):
        reads.append(("idle", rule.measured.read))
    return reads


def _looks(rule: Rule) -> dict[str, State]:
    reads = _reads(rule)
    names = [FIRST_LOOK, *(f"Look at {name}" for name, _ in reads[1:])]
    following = [*names[1:], "See"]
    looks = {
        state: _look(rule, name, call, after)
        for state, (name, call), after in zip(names, reads, following, strict=True)
    }
    see: State = {
        "Type": "Pass",
        "Assign": {"thing": js(thing(rule.kind, rule.measured)), **_rest(rule)},
        "Output": {},
        "Next": "Judge",
    }
    return {**looks, "See": see}


def _rest(rule: Rule) -> Mapping[str, Json]:
    rests = resting.definitions(rule.hours) if rule.hours else {}
    if not rests:
        return {}
    lines = {"now": "$millis()", **rests}
    said = " ".join(f"${name} := {value};" for name, value in lines.items())
    return {"restEnds": js(f"({said} $exists($ends) ? $ends : 0)")}


def _look(rule: Rule, name: str, call: Call, after: str) -> State:
    answer = f"{{{literal(name)}: $states.result}}"
    first = name == next(iter(rule.kind.reads))
    blind: State = {"Next": after}
    if name not in rule.kind.optional:
        blind = _blind(rule.kind, first=first)
    return {
        **task(rule, call),
        "Assign": {"seen": js(answer if first else f"$merge([$seen, {answer}])")},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": {}, **blind}],
        "Output": {},
        "Next": after,
    }


def _blind(kind: Kind, *, first: bool) -> State:
    """Only the first read can tell that the thing does not exist, or is over: then it may have no tags any more."""
    over = ", ".join(literal(status) for status, ph in kind.phases.items() if ph is Phase.OVER)
    said = f"{jsonata(kind.status)} in [{over}] ? $gone[0] : ''"
    error = "$states.errorOutput" if first else f"{{'Cause': {said}, 'Error': ''}}"
    return {"Assign": {"error": js(error)}, "Next": "Unseen"}


def _decisions(rule: Rule) -> dict[str, State]:
    longest = f"$fromMillis($millis() + {milliseconds(LONGEST_WAIT)})"
    until = js(f"$verdict.until < {longest} ? $verdict.until : {longest}")
    return {
        "Unseen": {"Type": "Choice", "Choices": _unseen(), "Default": "Pause", "Output": {}},
        "Pause": _wait(FIRST_LOOK, {"Seconds": 60}, {"failures": js("$failures + 1")}),
        "Judge": {
            "Type": "Pass",
            "Assign": {"verdict": js(judgement(rule.exempt)), "failures": 0},
            "Output": {},
            "Next": "Decide",
        },
        "Decide": {"Type": "Choice", "Choices": _choices(), "Default": "Act", "Output": {}},
        "Again": _wait(
            FIRST_LOOK, {"Timestamp": until}, {"looks": js("$looks + 1"), "yielded": False}
        ),
        "Yield": _wait(FIRST_LOOK, {"Timestamp": js(_YIELDED)}, {"yielded": True}),
    }


# Twice what lies between two looks of the caller's machine: that one knows the owner, and acts first, even if one of
# its looks fails or is slow.
_YIELDED = f"$fromMillis($millis() + 2 * $max([{milliseconds(BUSY_PAUSE)}, $rule.pause]))"


def _wait(after: str, until: State, assign: State | None = None) -> State:
    counted: State = {"Assign": assign} if assign else {}
    return {"Type": "Wait", **until, **counted, "Output": {}, "Next": after}


def _unseen() -> list[Json]:
    said = "$error.Error & ' ' & $error.Cause"
    gone = f"$count($filter($gone, function($word) {{$contains({said}, $word)}})) > 0"
    ended = _report("$acknowledged ? 'stopped' : 'gone'", "'it is gone'")
    return [
        {"Condition": js(f"({gone}) and $quiet and $not($acknowledged)"), "Next": "Done"},
        {"Condition": js(gone), **ended},
        {
            "Condition": js(f"$failures >= {MAX_FAILURES}"),
            **_report("'failed'", "'it cannot be looked at'"),
        },
    ]


def _choices() -> list[Json]:
    # Stopped, and started again by somebody: that start has a machine of its own.
    # Nested, not `and`: an implementation may evaluate both sides.
    anew = "$exists($verdict.began) ? $verdict.began > $toMillis($stoppedAt) : false"
    restarted = f"$acknowledged ? ($verdict.do = 'gone' ? false : ({anew})) : false"
    given_up = f"$verdict.do = 'again' and $looks >= {MAX_LOOKS}"
    still = "$verdict.reason & '; the sweep goes on looking'"
    nothing = "($verdict.do in ['gone', 'keep'] or $verdict.blind = true)"
    silent = f"$quiet and $not($acknowledged) and {nothing}"
    return [
        {"Condition": js(silent), "Next": "Done"},
        _choice("$verdict.do = 'gone'", "$acknowledged ? 'stopped' : 'gone'", "$verdict.reason"),
        _choice(restarted, "'stopped'", "$final.reason"),
        _choice("$verdict.do = 'keep'", "'kept'", "$verdict.reason"),
        _choice(given_up, "$acknowledged ? 'failed' : 'kept'", still),
        {"Condition": js("$verdict.do = 'again'"), "Next": "Again"},
        _choice(
            f"$stops >= {MAX_STOPS}", "'failed'", f"'it runs on after {MAX_STOPS} stop calls'"
        ),
        {"Condition": js("$quiet and $not($yielded)"), "Next": "Yield"},
    ]


def _choice(condition: str, result: str, reason: str) -> State:
    return {"Condition": js(condition), **_report(result, reason)}


def _report(result: str, reason: str) -> State:
    return {"Assign": {"result": js(result), "reason": js(reason)}, "Next": "Tell"}


def _acts(rule: Rule) -> dict[str, State]:
    if rule.mode is Mode.OBSERVE:
        seen: State = {"result": "would_stop", "reason": js("$verdict.reason")}
        return {"Act": {"Type": "Pass", "Assign": seen, "Output": {}, "Next": "Tell"}}
    caught: State = {"ErrorEquals": ["States.ALL"], "Output": {}, "Next": "Settle"}
    return {
        "Act": {**task(rule, rule.kind.stop), "Catch": [caught], "Output": {}, "Next": "Acted"},
        "Acted": {
            "Type": "Pass",
            "Assign": {
                "acknowledged": True,
                "final": js("$acknowledged ? $final : $verdict"),
                "stoppedAt": js("$acknowledged ? $stoppedAt : $now()"),
            },
            "Output": {},
            "Next": "Settle",
        },
        "Settle": _wait(FIRST_LOOK, {"Seconds": SETTLE}, {"stops": js("$stops + 1")}),
    }


def _end(slug: Slug) -> dict[str, State]:
    return {
        "Tell": {
            "Type": "Pass",
            "Assign": {"detail": js(_detail(slug))},
            "Output": {},
            "Next": "Report",
        },
        "Report": {
            "Type": "Task",
            "Resource": "arn:${AWS::Partition}:states:::events:putEvents",
            "Arguments": {
                "Entries": [{"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": js("$detail")}]
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


def _detail(slug: Slug) -> str:
    """What the report says; a stop is reported as it was judged, not as it is seen afterwards."""
    fields = {
        "version": str(VERSION),
        "outcome": "$result",
        "kind": "$kind",
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
    members = ", ".join(f"'{name}': {value}" for name, value in fields.items())
    return f"($told := $acknowledged ? $final : $verdict; {{{members}}})"
