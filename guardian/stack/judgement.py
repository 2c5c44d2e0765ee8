"""The judgement of `guardian.verdict` as JSONata, for the state machine to carry: `thing`, then `judgement`.

`thing` reads what a kind's answers hold out of `$seen` into one object, of the same form for all kinds: `status`,
`phase`, `tags`, `started`, `since`, `samples`, `kept`, `busy`, `owner`, `facts`. `terms` are what a rule says, in
numbers and words. `judgement` reads those two as `$thing` and `$rule`, besides `$id`, `$account`, `$eventTime`,
`$principals`, `$origin`, `$eventOwner` and `$restEnds`, and is the same for all kinds of a policy. It gives an object:
`do` (stop, keep, again, gone), `reason`, `until` (of again), `blind` (of again: who started it is unknown), `due`,
`started`, `began`, `owner`, `facts`.
A Pass state cannot catch an error, so no part of it may fail on any input: what is missing is asked for with `$exists`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta

from guardian.documents import Json, instant, jsonata
from guardian.kinds.base import KEEP_UNTIL, IdleSamples, IdleSince, Kept, Kind, Phase, Sign
from guardian.policy.model import Exemption, Mode, Rule
from guardian.policy.patterns import wildcard
from guardian.policy.words import exemption_reason
from guardian.verdict import (
    AT_WORK,
    BUSY_PAUSE,
    FEW_SAMPLES,
    KEEP_UNTIL_FORM,
    PAUSE,
    RESTING,
    UNCLEAR_KEEP_UNTIL,
    UNKNOWN_IDLE,
    UNKNOWN_PRINCIPAL,
    WORKED,
    grace,
    grace_reason,
    idle_pause,
    is_aged,
    samples_needed,
    stop_reason,
    young_reason,
)

_SIMPLE = re.compile(r"[\w .,:;@#%*()+=/-]*", re.ASCII)


def literal(text: str) -> str:
    """A text as a JSONata string in which CloudFormation finds nothing to put in, and no dynamic reference."""
    if _SIMPLE.fullmatch(text):
        # A template holds 51,200 bytes, and each double quote takes four of them.
        return f"'{text}'"
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted.replace("{{", r"{\u007b").replace("%}", r"%\u007d").replace("${", r"\u0024{")


def milliseconds(span: timedelta) -> int:
    return int(span / timedelta(milliseconds=1))


def thing(kind: Kind, idle: IdleSamples | IdleSince | None) -> str:
    """What a kind's answers hold, as one object. `idle` is how the rule wants it to be measured, if at all."""
    phases = _object({status: literal(phase.value) for status, phase in kind.phases.items()})
    status = jsonata(kind.status)
    members = {
        "status": status,
        "phase": f"$lookup({phases}, {status})",
        "tags": "$tags" if kind.kept_tags else _tags(kind),
        "started": jsonata(kind.start),
        "kept": _first(_signs(kind)),
        "busy": _first((f"$count({jsonata(p)}) > 0", why) for p, why in kind.busy.items()),
        "owner": jsonata(kind.owner) if kind.owner else "",
        "facts": _object({name: jsonata(path) for name, path in kind.facts.items()}),
    }
    whole = _object({**members, **_measured(idle)})
    return f"($tags := {_tags(kind)}; {whole})" if kind.kept_tags else whole


def _measured(idle: IdleSamples | IdleSince | None) -> Mapping[str, str]:
    match idle:
        case IdleSamples():
            return {"samples": jsonata(f"idle.{idle.samples}")}
        case IdleSince():
            return {"since": jsonata(idle.since)}
        case None:
            return {}


def _object(members: Mapping[str, str]) -> str:
    """JSONata leaves out what does not exist."""
    return (
        f"{{{', '.join(f'{literal(name)}: {value}' for name, value in members.items() if value)}}}"
    )


def _tags(kind: Kind) -> str:
    if kind.tags is None:
        return ""
    tags = jsonata(kind.tags.path)
    return f"$merge({tags}.{{Key: Value & ''}})" if kind.tags.pairs else tags


def _signs(kind: Kind) -> Iterator[tuple[str, str]]:
    for kept in kind.kept:
        yield _says(kept), kept.reason
    for key, reason in kind.kept_tags.items():
        named = f"$filter($keys($tags), function($key) {{{_fits('$key', key)}}})"
        yield (
            f"$count({named}) > 0" if "*" in key else f"$exists($lookup($tags, {literal(key)}))",
            reason,
        )


def _says(kept: Kept) -> str:
    path = jsonata(kept.path)
    match kept.value:
        case Sign.TRUE:
            return f"{path} = true"
        case Sign.EMPTY:
            return f"$count($keys({path})) = 0"
        case _:
            return f"{path} = {literal(kept.value)}"


def _fits(value: str, pattern: str) -> str:
    # Some engines let `$` stand before a last line break: a full stop comes after it.
    return rf"$contains({value} & '.', /^(?:{wildcard(pattern)})\.$/)"


def _first(choices: Iterable[tuple[str, str]]) -> str:
    """The reason of the first condition that holds; nothing where none does."""
    return " : ".join(f"{condition} ? {literal(reason)}" for condition, reason in choices)


def terms(rule: Rule) -> dict[str, Json]:
    """What a rule says, for `judgement`: milliseconds and words."""
    said: dict[str, Json] = {
        "grace": milliseconds(grace(rule)),
        "waiting": grace_reason(rule),
        # With `idle` a question of its own asks for the age; without it grace and age are over together.
        "why": stop_reason(rule, aged=not rule.measured and is_aged(rule, grace(rule))),
    }
    if rule.max_age is not None:
        said |= {"longest": milliseconds(rule.max_age), "old": stop_reason(rule, aged=True)}
    if any(start.origin for start in rule.kind.starts):
        said["origin"] = True
    if rule.warn_before is not None:
        # What only observes warns of nothing; its states are the same as those of the others.
        said["warn"] = milliseconds(rule.warn_before) if rule.mode is Mode.STOP else 0
    return said | _idleness(rule)


def _idleness(rule: Rule) -> dict[str, Json]:
    idle, measured = rule.idle, rule.measured
    if idle is None or measured is None:
        return {}
    said: dict[str, Json] = {
        "idle": milliseconds(idle),
        "pause": milliseconds(idle_pause(idle)),
        "quiet": measured.status,
        "young": young_reason(idle),
    }
    if isinstance(measured, IdleSamples):
        said |= {"needed": samples_needed(measured, idle), "sample": measured.value}
    return said


def judgement(exempt: Iterable[Exemption]) -> str:
    """The whole expression. Its questions come in the order of `verdict.judge`."""
    exemptions = tuple(exempt)
    # In one line: a validator of machines takes an expression of several for no expression.
    questions = " ".join(
        f"{condition} ? {answer} :" for condition, answer in _questions(exemptions)
    )
    return f"({_DEFINITIONS} $answer := {questions} {_answer('stop', '$rule.why')}; {_DRESSED})"


_ISO = (
    r"^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})$"
)
_IDLE_FROM = "$exists($since) ? $max([$due, $since + $rule.idle]) : $due + $rule.idle"
_DEFINITIONS = " ".join(
    f"${name} := {value};"
    for name, value in {
        "now": "$millis()",
        "moment": "$fromMillis($now)",
        "phase": "$thing.phase",
        "status": "$thing.status",
        "tags": "$thing.tags",
        "keep": f"$lookup($tags, {literal(KEEP_UNTIL)})",
        "time": f"function($t) {{$type($t) = 'string' ? ($contains($t, /{_ISO}/) ? $toMillis($t))}}",
        "started": "$time($thing.started)",
        "since": "$time($thing.since)",
        "began": "$exists($started) ? $max([$started, $toMillis($eventTime)])",
        "due": "$began + $rule.grace",
        "old": "$exists($rule.longest) ? $began + $rule.longest",
        "idleFrom": f"$exists($rule.idle) ? ({_IDLE_FROM}) : $due",
        "ready": "$exists($old) ? $min([$idleFrom, $old]) : $idleFrom",
        "pause": f"$fromMillis($now + {milliseconds(PAUSE)})",
        "later": "$fromMillis($min([$now + $rule.pause, $old]))",
    }.items()
)


def _questions(exempt: tuple[Exemption, ...]) -> Iterator[tuple[str, str]]:
    yield f"$phase = '{Phase.OVER}'", _answer("gone", "'it is ' & $status")
    yield f"$phase = '{Phase.ENDING}'", _again("'it is ' & $status")
    yield (
        "$not($exists($phase))",
        _again("'its status ' & $status & ' is unknown to guardian'"),
    )
    yield from _wills(exempt)
    yield "$not($exists($began))", _again("'when it began is unknown'")
    yield "$now < $due", _again("$rule.waiting", "$fromMillis($due)")
    yield f"$phase = '{Phase.PENDING}'", _again("'it cannot be stopped yet'")
    busy = f"$fromMillis($now + {milliseconds(BUSY_PAUSE)})"
    yield "$exists($thing.busy)", _again("$thing.busy", busy)
    yield "$restEnds > 0", _again(literal(RESTING), "$fromMillis($restEnds)")
    yield "$exists($rule.idle) and $now >= $old", _answer("stop", "$rule.old")
    yield from _activity()


def _wills(exempt: tuple[Exemption, ...]) -> Iterator[tuple[str, str]]:
    yield "$exists($thing.kept)", _answer("keep", "$thing.kept")
    for each in exempt:
        yield _holds(each), _answer("keep", literal(exemption_reason(each)))
    by_principal = [_asks(each) for each in exempt if each.principal]
    if by_principal:
        yield (
            f"$count($principals) = 0 and ({' or '.join(by_principal)})",
            _again(literal(UNKNOWN_PRINCIPAL), blind=True),
        )
    # Some engines let `$` stand before a last line break: the length is part of the form.
    sized = f"$length($keep) = {len('2026-11-23T18:00:00Z')}"
    clear = f"{sized} and $contains($keep, /{KEEP_UNTIL_FORM}/)"
    unclear = _answer("keep", literal(UNCLEAR_KEEP_UNTIL))
    yield f"$exists($keep) and $not({clear})", unclear
    # To the second, and of one form: the order of the texts is the order of the moments.
    later = "$substring($moment, 0, 19) < $substring($keep, 0, 19)"
    yield f"$exists($keep) and {later}", _again("'kept alive until ' & $keep", "$keep")


def _asks(exempt: Exemption) -> str:
    """Whether an exemption by principal can hold: with an origin only where start requests have a word for it."""
    conditions = [_lasts(exempt), "$rule.origin = true" if exempt.origin else ""]
    return " and ".join(filter(None, conditions)) or "true"


def _lasts(exempt: Exemption) -> str:
    if exempt.expires is None:
        return ""
    return f"$moment < {literal(instant(datetime.combine(exempt.expires, time(), UTC)))}"


def _holds(exempt: Exemption) -> str:
    conditions = [_lasts(exempt)]
    if exempt.accounts:
        conditions.append(f"$account in {json.dumps(list(exempt.accounts))}")
    if exempt.id:
        conditions.append(_fits("$id", exempt.id))
    if exempt.principal:
        fits = _fits("$p", exempt.principal)
        conditions.append(f"$count($filter($principals, function($p) {{{fits}}})) > 0")
    if exempt.origin:
        conditions.append(f"$origin != '' and {_fits('$origin', exempt.origin)}")
    for key, value in sorted(exempt.tags.items()):
        tag = f"$lookup($tags, {literal(key)})"
        conditions.append(f"$exists({tag}) and {_fits(tag, value)}")
    return " and ".join(filter(None, conditions))


def _activity() -> Iterator[tuple[str, str]]:
    """Of a rule with `idle`: by samples where it needs any, else by the moment since when it is idle."""
    yield (
        "$exists($rule.needed) and $now < $due + $rule.idle",
        _again("$rule.young", "$fromMillis($ready)"),
    )
    yield "$exists($rule.quiet) and $status != $rule.quiet", _again(literal(AT_WORK), "$later")
    few = "$exists($rule.needed) and $count($thing.samples) < $rule.needed"
    yield few, _again(literal(FEW_SAMPLES), "$later")
    yield (
        "$exists($rule.needed) and $min($thing.samples) < $rule.sample",
        _again(literal(WORKED), "$later"),
    )
    by_moment = "$exists($rule.idle) and $not($exists($rule.needed))"
    yield f"{by_moment} and $not($exists($since))", _again(literal(UNKNOWN_IDLE), "$later")
    yield f"{by_moment} and $now < $ready", _again(literal(WORKED), "$fromMillis($ready)")


def _answer(do: str, reason: str) -> str:
    return f"{{'do': '{do}', 'reason': {reason}}}"


def _again(reason: str, until: str = "$pause", *, blind: bool = False) -> str:
    unseen = ", 'blind': true" if blind else ""
    return f"{{'do': 'again', 'reason': {reason}, 'until': {until}{unseen}}}"


# Everything a report needs. JSONata leaves out what does not exist.
_OWNER = (
    "$lookup($tags, 'owner') != '' ? $lookup($tags, 'owner') : "
    "$eventOwner != '' ? $eventOwner : $thing.owner"
)
_DRESS = {
    "started": "$exists($started) ? $fromMillis($started) : $eventTime",
    "began": "$phase in ['live', 'pending'] ? $began",
    "due": "$exists($due) ? $fromMillis($ready)",
    "owner": _OWNER,
    "facts": "$thing.facts",
}
_DRESSED = f"$merge([$answer, {_object(_DRESS)}])"
