"""The judgement of `guardian.verdict` as one JSONata expression, for the state machine to carry.

It reads `$seen`, `$id`, `$account`, `$eventTime`, `$principals`, `$origin`, `$eventOwner` and gives an object:
`do` (stop, keep, again, gone), `reason`, `until` (of again), `due`, `started`, `began`, `owner`, `facts`.
A Pass state cannot catch an error, so no part of it may fail on any input: what is missing is asked for with `$exists`.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta

from guardian.documents import instant, jsonata
from guardian.kinds.base import Idle, Kind, Phase
from guardian.policy.durations import spoken
from guardian.policy.model import Exemption, Rule
from guardian.policy.words import exemption_reason
from guardian.stack import resting
from guardian.verdict import (
    KEEP_UNTIL,
    KEEP_UNTIL_FORM,
    PAUSE,
    RESTING,
    UNCLEAR_KEEP_UNTIL,
    UNKNOWN_PRINCIPAL,
    bounded,
    exemptions,
    grace,
    grace_reason,
    idle_pause,
    is_aged,
    samples_needed,
    stop_reason,
    wildcard,
)


def literal(text: str) -> str:
    """A text as a JSONata string that survives Fn::Sub and is no dynamic reference to CloudFormation."""
    return json.dumps(text, ensure_ascii=False).replace("{{", r"{\u007b").replace("${", "${!")


def milliseconds(span: timedelta) -> int:
    return int(span / timedelta(milliseconds=1))


def judgement(rule: Rule) -> str:
    """The whole expression. Its questions come in the order of `verdict.judge`."""
    questions = "\n".join(f"{condition} ? {answer} :" for condition, answer in _questions(rule))
    # With `idle` a question of its own asks for the age; without it grace and age are over together.
    stop = _stop(rule, aged=rule.idle is None and is_aged(rule, grace(rule)))
    return f"({_definitions(rule.kind, rule)}\n$answer := {questions}\n{stop};\n{_dressed(rule)})"


def _definitions(kind: Kind, rule: Rule) -> str:
    phases = json.dumps({status: phase.value for status, phase in kind.phases.items()})
    tags = jsonata(kind.tags.path)
    lines = {
        "now": "$millis()",
        "moment": "$fromMillis($now)",
        "status": jsonata(kind.status),
        "phase": f"$lookup({phases}, $status)",
        "tags": f'$merge({tags}.{{Key: Value & ""}})' if kind.tags.pairs else tags,
        "keep": f"$lookup($tags, {literal(KEEP_UNTIL)})",
        "started": jsonata(kind.start),
        "began": "$exists($started) ? $max([$toMillis($started), $toMillis($eventTime)])",
        "due": f"$began + {milliseconds(grace(rule))}",
        "pause": f"$fromMillis($now + {milliseconds(PAUSE)})",
        **(_age(rule.max_age) if rule.max_age is not None else {}),
        **(resting.definitions(rule.hours) if rule.hours else {}),
    }
    return "\n".join(f"${name} := {value};" for name, value in lines.items())


def _age(longest: timedelta) -> Mapping[str, str]:
    return {"aged": f"$began + {milliseconds(longest)}"}


def _questions(rule: Rule) -> Iterator[tuple[str, str]]:
    yield f'$phase = "{Phase.OVER}"', _answer("gone", '"it is " & $status')
    yield f'$phase = "{Phase.ENDING}"', _again('"it is " & $status')
    yield (
        "$not($exists($phase))",
        _again('"its status " & $status & " is unknown to guardian"'),
    )
    yield from _wills(rule)
    yield "$not($exists($began))", _again('"when it began is unknown"')
    yield "$now < $due", _again(literal(grace_reason(rule)), "$fromMillis($due)")
    yield f'$phase = "{Phase.PENDING}"', _again('"it cannot be stopped yet"')
    if rule.hours and resting.definitions(rule.hours):
        yield "$exists($restEnds)", _again(literal(RESTING), "$fromMillis($restEnds)")
    if rule.idle is not None and rule.max_age is not None:
        yield "$now >= $aged", _stop(rule, aged=True)
    if rule.idle is not None and rule.kind.idle is not None:
        yield from _activity(rule, rule.kind.idle, rule.idle)


def _wills(rule: Rule) -> Iterator[tuple[str, str]]:
    for path, reason in rule.kind.kept.items():
        yield f"{jsonata(path)} = true", _answer("keep", literal(reason))
    exempting = exemptions(rule)
    for exempt in exempting:
        yield _holds(exempt), _answer("keep", literal(exemption_reason(exempt)))
    by_principal = [_lasts(exempt) or "true" for exempt in exempting if exempt.principal]
    if by_principal:
        yield (
            f"$count($principals) = 0 and ({' or '.join(by_principal)})",
            _again(literal(UNKNOWN_PRINCIPAL)),
        )
    # Some engines let `$` stand before a last line break: the length is part of the form.
    sized = f"$length($keep) = {len('2026-11-23T18:00:00Z')}"
    clear = f"{sized} and $contains($keep, /{KEEP_UNTIL_FORM}/)"
    unclear = _answer("keep", literal(UNCLEAR_KEEP_UNTIL))
    yield f"$exists($keep) and $not({clear})", unclear
    # To the second, and of one form: the order of the texts is the order of the moments.
    later = "$substring($moment, 0, 19) < $substring($keep, 0, 19)"
    yield f"$exists($keep) and {later}", _again('"kept alive until " & $keep', "$keep")


def _lasts(exempt: Exemption) -> str:
    if exempt.expires is None:
        return ""
    return f"$moment < {literal(instant(datetime.combine(exempt.expires, time(), UTC)))}"


def _holds(exempt: Exemption) -> str:
    conditions = [_lasts(exempt)]
    if exempt.accounts:
        conditions.append(f"$account in {json.dumps(list(exempt.accounts))}")
    if exempt.id:
        conditions.append(f"$contains($id, /{wildcard(exempt.id)}/)")
    if exempt.principal:
        fits = f"$contains($p, /{wildcard(exempt.principal)}/)"
        conditions.append(f"$count($filter($principals, function($p) {{{fits}}})) > 0")
    if exempt.origin:
        conditions.append(f'$origin != "" and $contains($origin, /{wildcard(exempt.origin)}/)')
    for key, value in sorted(exempt.tags.items()):
        tag = f"$lookup($tags, {literal(key)})"
        conditions.append(f"$exists({tag}) and $contains({tag}, /{wildcard(value)}/)")
    return " and ".join(filter(None, conditions))


def _activity(rule: Rule, idle: Idle, window: timedelta) -> Iterator[tuple[str, str]]:
    again = f"$now + {milliseconds(idle_pause(window))}"
    pause = f"$fromMillis({again if rule.max_age is None else f'$min([{again}, $aged])'})"
    samples = jsonata(f"idle.{idle.samples}")
    needed = samples_needed(idle, window)
    young = literal(f"it is too young to have been idle for {spoken(window)}")
    yield (
        f"$now < $due + {milliseconds(window)}",
        _again(young, f"$fromMillis({_first_due(rule)})"),
    )
    yield f"$status != {literal(idle.status)}", _again('"it is at work"', pause)
    yield f"$count({samples}) < {needed}", _again('"too few samples to call it idle"', pause)
    yield f"$min({samples}) < {idle.value:g}", _again('"it was at work lately"', pause)


def _first_due(rule: Rule) -> str:
    """When a thing is due that is idle from the end of its grace on."""
    idle = bounded(grace(rule) + (rule.idle or timedelta()), rule) - grace(rule)
    return f"$due + {milliseconds(idle)}"


def _stop(rule: Rule, *, aged: bool) -> str:
    return _answer("stop", literal(stop_reason(rule, aged=aged)))


def _answer(do: str, reason: str) -> str:
    return f'{{"do": "{do}", "reason": {reason}}}'


def _again(reason: str, until: str = "$pause") -> str:
    return f'{{"do": "again", "reason": {reason}, "until": {until}}}'


def _dressed(rule: Rule) -> str:
    """The answer with everything a report needs. JSONata leaves out what does not exist."""
    facts = ", ".join(
        f"{literal(name)}: {jsonata(path)}" for name, path in rule.kind.facts.items()
    )
    owner = '$exists($lookup($tags, "owner")) ? $lookup($tags, "owner") : $eventOwner'
    members = {
        "started": "$exists($started) ? $fromMillis($toMillis($started)) : $eventTime",
        "began": '$phase in ["live", "pending"] ? $began',
        "due": f"$exists($due) ? $fromMillis({_first_due(rule)})",
        "owner": owner,
        "facts": f"{{{facts}}}",
    }
    dress = ", ".join(f'"{name}": {value}' for name, value in members.items())
    return f"$merge([$answer, {{{dress}}}])"
