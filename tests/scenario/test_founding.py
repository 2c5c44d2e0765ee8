"""The event guardian began with, given to the rule that was rolled out."""

import json
from pathlib import Path
from typing import Any

import pytest

from guardian.demo.cast import HOME
from guardian.outcome import Outcome, Result
from tests.scenario.conftest import Installation, eventually, executions, session_status

EVENTS = Path(__file__).parents[1] / "events"
GRACE_SLACK = 5.0  # real seconds
WHO = "ana"

pytestmark = pytest.mark.slow


def recorded(name: str, account: str, identifier: str = "") -> dict[str, Any]:
    """A recorded event as it would be in this account; `identifier` takes the place of its resource's own."""
    text = (EVENTS / name).read_text()
    event: dict[str, Any] = json.loads(text.replace("111122223333", account))
    event["region"] = event["detail"]["awsRegion"] = HOME
    answered = event["detail"]["responseElements"]
    if identifier:
        event["detail"]["requestParameters"] |= {"id": identifier, "name": identifier}
        event["detail"]["responseElements"] = (answered or {}) | {
            "sessionId": identifier,
            "session": {"id": identifier},
        }
    return event


def inject(governed: Installation, event: dict[str, Any]) -> None:
    governed.cast.aws.post("/localaws/events", event)


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_announced(governed: Installation) -> None:
    """No event tells of what ana does but the ones that are injected."""
    place = {"account": governed.cast.accounts[WHO], "region": HOME}
    governed.cast.aws.post("/localaws/trail", {"logging": False, **place})


def reported(governed: Installation, session: str) -> list[Outcome]:
    governed.collect()
    return [outcome for outcome in governed.outcomes() if outcome.id == session]


def ended(governed: Installation, before: int, count: int) -> list[str] | None:
    """How the newest `count` executions ended, None until they all have."""
    found = executions(governed.cast, WHO, "sandbox", "glue-session")
    newest = [str(each["status"]) for each in found[: len(found) - before]]
    return newest if len(newest) == count and "RUNNING" not in newest else None


def test_the_founding_event_ends_in_the_session_stopped_and_reported(
    governed: Installation,
) -> None:
    cast = governed.cast
    event = recorded("glue-session/founding-datapreview.json", cast.accounts[WHO])
    session = event["detail"]["responseElements"]["session"]["id"]
    before = len(executions(cast, WHO, "sandbox", "glue-session"))
    cast.person(WHO, WHO).open_data_preview(session)
    inject(governed, event)
    (outcome,) = eventually(lambda: reported(governed, session))
    assert outcome.result is Result.STOPPED
    assert (outcome.policy, outcome.owner) == ("sandbox", "admin-session")
    assert eventually(lambda: session_status(cast, WHO, session) == "STOPPED")
    assert outcome.due is not None
    seconds = (outcome.at - outcome.due).total_seconds() * cast.aws.scale
    assert 0 <= seconds <= GRACE_SLACK

    inject(governed, event)  # EventBridge delivers at least once
    assert eventually(lambda: ended(governed, before, 2)) == ["SUCCEEDED", "SUCCEEDED"]
    results = [each.result for each in reported(governed, session)]
    assert results.count(Result.STOPPED) == 1
    assert set(results) <= {Result.STOPPED, Result.GONE}


@pytest.mark.parametrize(
    "name",
    [
        "others/glue-create-session-failed.json",
        "others/lookalike-amplify-create-app.json",
        "others/lookalike-ssm-start-session.json",
        "others/emr-serverless-start-job-run.json",
        "others/glue-create-dev-endpoint.json",
    ],
)
def test_a_failed_call_and_a_look_alike_start_nothing(governed: Installation, name: str) -> None:
    cast, kinds = governed.cast, ("glue-session", "sagemaker-notebook", "emr-cluster")
    session = f"alive-{Path(name).stem}"
    governed.cast.person(WHO, WHO).open_glue_session(session)
    before = [executions(cast, WHO, "sandbox", kind) for kind in kinds]
    inject(governed, recorded(name, cast.accounts[WHO], session))
    # Events are delivered in their order: when the rule has had a real one, it has had the other.
    inject(
        governed,
        recorded("glue-session/create-session.json", cast.accounts[WHO], f"other {session}"),
    )
    first = len(before[0])
    assert eventually(lambda: len(executions(cast, WHO, "sandbox", "glue-session")) > first)
    after = [executions(cast, WHO, "sandbox", kind) for kind in kinds]
    assert [len(found) for found in after] == [first + 1, *map(len, before[1:])]
    assert session_status(cast, WHO, session) in {"PROVISIONING", "READY"}
