"""The states by which a machine warns of a stop, and what they change in a machine without them.

    Judge > Foresee > Decide ─┬─ again, and a stop is near, or stop without a warning ► Notice ► Noticed ► Look
                              └─ again ► Again, which waits until a warning is due

`Foresee` finds out when it would be stopped, where the judgement tells: at the end of its grace, idle time, rest or
keep. `Notice` puts an event on the account's bus, `Noticed` waits until the moment that it told, and never less than
`warn_before`; then the machine looks and judges as ever. Where a stop cannot be foreseen it comes `warn_before` later.
Variables: `ends` (in milliseconds, 0 where it is not foreseen), `stopAt` (what the event told), `warned`.
"""

from collections.abc import Mapping

from guardian.documents import Json
from guardian.ids import Slug
from guardian.notice import DETAIL_TYPE, VERSION
from guardian.outcome import SOURCE
from guardian.stack.judgement import literal
from guardian.stack.tasks import State, js
from guardian.verdict import RESTING

_LONG = "kept alive until"
"""What the reason of a keep begins with."""
# Where it is at work, or on its way from one state to another, nobody knows when it would be stopped.
_FORESEEN = (
    "$verdict.do = 'again' and $exists($verdict.due) ? "
    "($then := $toMillis($verdict.until); $due := $toMillis($verdict.due); "
    f"$known := $verdict.reason = {literal(RESTING)} or $contains($verdict.reason, {literal(_LONG)}); "
    "$then = $due or ($then > $due and $known) ? $then : 0) : 0"
)
# A machine of a native event lets the caller's one warn first, as it lets it act first.
_MAY = "$rule.warn > 0 and $not($acknowledged) and ($quiet ? $yielded : true)"


def with_warning(slug: Slug, states: Mapping[str, State]) -> dict[str, State]:
    """The states of a machine that warns before it stops, out of those of one that does not."""
    return {
        **states,
        "Begin": _assigning(states["Begin"], {"ends": 0, "stopAt": js("''"), "warned": False}),
        "Grace": {
            **states["Grace"],
            "Timestamp": js("$fromMillis($toMillis($eventTime) + $rule.grace - $rule.warn)"),
        },
        "Judge": {**states["Judge"], "Next": "Foresee"},
        "Foresee": {
            "Type": "Pass",
            "Assign": {"ends": js(_FORESEEN)},
            "Output": {},
            "Next": "Decide",
        },
        "Decide": _decide(states["Decide"]),
        "Again": _again(states["Again"]),
        "Notice": _notice(slug, states["Report"]),
        "Noticed": {
            "Type": "Wait",
            "Timestamp": js("$stopAt"),
            "Assign": {"warned": True, "looks": js("$looks + 1")},
            "Output": {},
            "Next": states["Again"]["Next"],
        },
    }


def _assigning(state: State, more: Mapping[str, Json]) -> State:
    assigned = state.get("Assign")
    return {**state, "Assign": {**(assigned if isinstance(assigned, Mapping) else {}), **more}}


def _decide(state: State) -> State:
    """With a notice before a wait that ends in a stop, and before a stop that nobody was warned of."""
    choices = state["Choices"]
    if not isinstance(choices, list):
        raise TypeError("a Choice state without choices")
    at = next(number for number, choice in enumerate(choices) if choice.get("Next") == "Again")
    near = f"$ends > 0 and $ends - $millis() <= $rule.warn and {_MAY}"
    unwarned = f"$not($warned) and {_MAY}"
    return {
        **state,
        "Choices": [
            *choices[:at],
            _noticing(near, "$max([$ends, $millis() + $rule.warn])"),
            *choices[at:],
            _noticing(unwarned, "$millis() + $rule.warn"),
        ],
    }


def _noticing(condition: str, at: str) -> State:
    return {
        "Condition": js(condition),
        "Assign": {"stopAt": js(f"$fromMillis({at})")},
        "Next": "Notice",
    }


def _again(state: State) -> State:
    """Until a warning is due, where a stop is foreseen; what was warned of before is another matter then."""
    said = str(state["Timestamp"]).removeprefix("{% ").removesuffix(" %}")
    ahead = f"$fromMillis($ends - $rule.warn) < {_longest(said)} ? $fromMillis($ends - $rule.warn)"
    foreseen = f"$ends - $rule.warn > $millis() and {_MAY}"
    whole = f"{foreseen} ? ({ahead} : {_longest(said)}) : ({said})"
    return _assigning({**state, "Timestamp": js(whole)}, {"warned": False})


def _longest(said: str) -> str:
    """The longest wait, which is what the wait of a machine without warnings ends with."""
    return said.rpartition(" : ")[2]


def _notice(slug: Slug, report: State) -> State:
    """The event, in the way that outcomes are reported. The machine goes on if it cannot be put."""
    fields = {
        "version": str(VERSION),
        "kind": "$kind",
        "id": "$id",
        "policy": literal(slug),
        "owner": "$exists($verdict.owner) ? $verdict.owner : $eventOwner",
        "started": "$exists($verdict.started) ? $verdict.started : $eventTime",
        "due": "$verdict.due",
        "stops": "$stopAt",
        "facts": "$verdict.facts",
        "at": "$now()",
        "execution": "$states.context.Execution.Id",
    }
    members = ", ".join(f"'{name}': {value}" for name, value in fields.items())
    entry: State = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": js(f"({{{members}}})")}
    return {
        **report,
        "Arguments": {"Entries": [entry]},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": {}, "Next": "Noticed"}],
        "Next": "Noticed",
    }
