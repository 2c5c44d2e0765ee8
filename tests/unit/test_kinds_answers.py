"""What is made of AWS's answers to a kind's reads. Samples of one that has run for days: tests/answers/KIND.json."""

import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonata
import pytest

from guardian.documents import instant, pick, text
from guardian.ids import AccountId, Region, Target
from guardian.kinds import all_kinds
from guardian.kinds.base import IdleSince, Kind, Phase, Sign
from guardian.policy.model import Mode, Rule
from guardian.prices import load_prices, saving
from guardian.stack.judgement import thing
from guardian.verdict import Keep, LookAgain, Sighting, Stop, Verdict, judge, tags_of
from tests.unit.aws_model import objections
from tests.unit.kind_checks import answered

ANSWERS = Path(__file__).parents[1] / "answers"
TARGET = Target(AccountId("111122223333"), Region("us-east-1"))
AFTERWARDS = datetime(2026, 11, 23, tzinfo=UTC)
PRICES = load_prices()
FREE, UNPRICED = {"emr-session"}, {"sagemaker-endpoint"}
every_kind = pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())


def answers(kind: Kind) -> dict[str, Any]:
    """What AWS would answer for one of the kind that has run for days."""
    found: dict[str, Any] = json.loads((ANSWERS / f"{kind.key}.json").read_text("utf-8"))
    return found


def facts(kind: Kind) -> dict[str, Any]:
    return {name: pick(answers(kind), path) for name, path in kind.facts.items()}


def changed(seen: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The answers with something else at a path; None takes it away."""
    whole = copy.deepcopy(dict(seen))
    place: Any = whole
    *above, last = path.replace("[0]", ".0").replace("[]", ".0").split(".")
    for part in above:
        place = place[int(part)] if part.isdigit() else place.setdefault(part, {})
    place[last] = value
    if value is None:
        del place[last]
    return whole


def judged(kind: Kind, seen: Mapping[str, Any]) -> Verdict:
    rule = Rule(kind, Mode.STOP, kind.default_grace, kind.default_idle)
    return judge(kind, rule, Sighting("a1", TARGET, seen), AFTERWARDS)


def by_the_machine(kind: Kind, seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the state machine reads out of the answers."""
    expression = jsonata.Jsonata(thing(kind, kind.idle))
    frame = expression.create_frame()
    frame.bind("seen", seen)
    found: Mapping[str, Any] = expression.evaluate(None, frame)
    return found


@every_kind
def test_the_sample_answers_are_such_as_aws_gives(kind: Kind) -> None:
    for read, answer in answers(kind).items():
        assert objections(answer, answered(kind, read)) == [], read


@every_kind
def test_one_that_has_run_for_days_is_stopped_under_the_defaults(kind: Kind) -> None:
    assert isinstance(judged(kind, answers(kind)), Stop)
    assert tags_of(kind, answers(kind))["owner"] == "ana"


@every_kind
def test_one_that_has_just_begun_is_left_alone(kind: Kind) -> None:
    young = changed(answers(kind), kind.start, instant(AFTERWARDS - timedelta(minutes=10)))
    if isinstance(kind.idle, IdleSince):
        young = changed(young, kind.idle.since, instant(AFTERWARDS - timedelta(minutes=9)))
    assert isinstance(judged(kind, young), LookAgain)


@every_kind
def test_one_whose_start_is_unknown_is_left_alone(kind: Kind) -> None:
    assert isinstance(judged(kind, changed(answers(kind), kind.start, None)), LookAgain)


@every_kind
def test_only_what_is_live_is_stopped(kind: Kind) -> None:
    for status, phase in kind.phases.items():
        stops = isinstance(judged(kind, changed(answers(kind), kind.status, status)), Stop)
        assert phase is Phase.LIVE or not stops, status


@every_kind
def test_what_says_that_it_must_not_be_stopped_keeps_it(kind: Kind) -> None:
    for kept in kind.kept:
        values = {Sign.TRUE: True, Sign.EMPTY: {}}
        value = values[kept.value] if isinstance(kept.value, Sign) else kept.value
        seen = changed(answers(kind), kept.path, value)
        assert judged(kind, seen) == Keep(kept.reason)
        assert by_the_machine(kind, seen)["kept"] == kept.reason


@every_kind
def test_a_tag_of_what_it_belongs_to_keeps_it(kind: Kind) -> None:
    for key, reason in kind.kept_tags.items():
        assert kind.tags
        assert kind.tags.pairs
        seen = changed(answers(kind), kind.tags.path, [{"Key": key, "Value": "any"}])
        assert judged(kind, seen) == Keep(reason)
        assert by_the_machine(kind, seen)["kept"] == reason


@every_kind
def test_what_is_at_work_is_left_alone(kind: Kind) -> None:
    for path, reason in kind.busy.items():
        seen = changed(answers(kind), path, [{"Id": "job"}])
        verdict = judged(kind, seen)
        assert isinstance(verdict, LookAgain)
        assert verdict.reason == reason
        assert by_the_machine(kind, seen)["busy"] == reason


@every_kind
def test_the_state_machine_reads_the_same_out_of_the_answers(kind: Kind) -> None:
    seen = answers(kind)
    found = by_the_machine(kind, seen)
    status = text(seen, kind.status)
    assert found["status"] == status
    assert found["phase"] == kind.phases[status]
    assert found["started"] == pick(seen, kind.start)
    assert found["tags"] == tags_of(kind, seen)
    assert found.get("owner") == (text(seen, kind.owner) if kind.owner else None)
    assert found.get("facts", {}) == facts(kind)
    assert "kept" not in found
    assert "busy" not in found


@every_kind
def test_what_a_stop_is_worth_is_known_for_the_sample(kind: Kind) -> None:
    found = saving(kind.key, facts(kind), TARGET.region, PRICES)
    assert found.basis
    if kind.key in FREE:
        assert found.usd == 0
    elif kind.key in UNPRICED:
        assert found.usd is None
    else:
        assert found.usd
        assert "$" in found.basis


@every_kind
def test_what_is_not_known_is_worth_nothing_known(kind: Kind) -> None:
    if kind.key not in FREE:
        assert saving(kind.key, {}, TARGET.region, PRICES).usd is None
        assert saving(kind.key, facts(kind), Region("mars-1"), PRICES).usd is None
        for name in facts(kind):
            partly = {key: value for key, value in facts(kind).items() if key != name}
            usd = saving(kind.key, partly, TARGET.region, PRICES).usd
            assert usd is None or usd > 0, name


GONE = {
    "athena-session": ["ResourceNotFoundException Session a2c1 was not found"],
    "ec2-instance": [
        "InvalidInstanceID.NotFound The instance ID 'i-0' does not exist",
        "Ec2.Ec2Exception The instance ID 'i-0' does not exist (Service: Ec2, Status Code: 400)",
    ],
    "emr-cluster": [
        "InvalidRequestException Cluster id 'j-1' is not valid.",
        "Emr.InvalidRequestException Cluster id 'j-1' is not valid. (Service: Emr)",
    ],
    "emr-serverless-application": ["ResourceNotFoundException Application 00f1 does not exist"],
    "emr-serverless-session": ["ResourceNotFoundException Session 00g9 does not exist"],
    "emr-session": [
        "InvalidRequestException Cluster id 'j-1' is not valid.",
        "InvalidRequestException Session es-0 not found",
    ],
    "glue-job-run": ["EntityNotFoundException Job run jr_1 does not exist"],
    "glue-session": ["Glue.EntityNotFoundException Session not found"],
    "sagemaker-app": ["ResourceNotFound App does not exist: RecordNotFound"],
    "sagemaker-endpoint": ['ValidationException Could not find endpoint "arn:aws:x".'],
    "sagemaker-notebook": ["ValidationException RecordNotFound"],
    "sagemaker-processing-job": [
        "ValidationException Could not find requested job with name: clean"
    ],
    "sagemaker-training-job": ["ValidationException Requested resource not found."],
}
TROUBLE = [
    "ThrottlingException Rate exceeded",
    "RequestLimitExceeded Request limit exceeded.",
    "AccessDeniedException User: arn:aws:sts::111122223333:assumed-role/x is not authorized to perform: y on: z",
    "UnrecognizedClientException The security token included in the request is invalid",
    "ExpiredTokenException The security token included in the request is expired",
    "InternalServerException Internal failure",
    "InternalError An internal error has occurred",
    "ServiceUnavailable Service is unavailable. Please try again shortly.",
    "States.Timeout ",
]


@every_kind
def test_an_error_that_says_that_it_does_not_exist_is_understood(kind: Kind) -> None:
    for said in GONE[kind.key]:
        assert any(word in said for word in kind.gone), said


@every_kind
def test_an_error_that_says_anything_else_is_not_taken_for_the_end(kind: Kind) -> None:
    for said in TROUBLE:
        assert not any(word in said for word in kind.gone), said
