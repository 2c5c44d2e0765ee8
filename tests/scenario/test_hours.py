"""Rules that rest, and sessions that are exempt for where they were started from, as they are rolled out."""

import pytest

from guardian.demo.cast import HOME, RESEARCH, SANDBOX
from guardian.outcome import Outcome, Result
from tests.scenario.conftest import Installation, eventually, executions, session_status

ALL_DAY = f"""\
ou: {RESEARCH}
mode: stop
regions: [{HOME}]
hours: {{rests: ["00:00-24:00"], timezone: Europe/London}}
kinds:
  glue-session: {{grace: 30s}}
"""
STUDIO = f"""\
ou: {SANDBOX}
mode: stop
regions: [{HOME}]
kinds:
  glue-session: {{grace: 30s}}
exempt:
  - origin: GlueStudio*
    reason: Studio ends them
    owner: data-platform
    expires: 2027-06-30
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def resting(installation: Installation) -> Installation:
    installation.write(sandbox=STUDIO, research=ALL_DAY)
    assert installation.apply().failed == ()
    return installation


def reported(governed: Installation, session: str) -> list[Outcome]:
    governed.collect()
    return [outcome for outcome in governed.outcomes() if outcome.id == session]


def states(governed: Installation, who: str, policy: str) -> list[str]:
    """The states that the only execution in somebody's account has entered."""
    machines = governed.cast.person("admin", who).client("stepfunctions")
    found = executions(governed.cast, who, policy, "glue-session")
    if not found:
        return []
    events = machines.get_execution_history(executionArn=found[0]["executionArn"])["events"]
    entered = [event.get("stateEnteredEventDetails", {}) for event in events]
    return [str(each["name"]) for each in entered if each]


def test_a_session_whose_rule_rests_is_judged_and_left_alone(resting: Installation) -> None:
    resting.cast.person("ravi", "ravi").open_glue_session("overnight")
    entered = eventually(
        lambda: found if "Again" in (found := states(resting, "ravi", "research")) else []
    )
    assert "Stop" not in entered
    assert resting.run("sweep", GUARDIAN_SWEEP_MARGIN="0s").code == 0
    assert session_status(resting.cast, "ravi", "overnight") == "READY"
    assert reported(resting, "overnight") == []


def test_a_session_is_exempt_for_what_its_start_request_said_of_its_origin(
    resting: Installation,
) -> None:
    ana = resting.cast.person("ana", "ana")
    ana.open_data_preview("preview")
    ana.open_glue_session("forgotten")
    (kept,) = eventually(lambda: reported(resting, "preview"))
    assert (kept.result, kept.reason) == (Result.KEPT, "exempt: Studio ends them")
    (stopped,) = eventually(lambda: reported(resting, "forgotten"))
    assert stopped.result is Result.STOPPED
    # It ends by itself soon.
    assert session_status(resting.cast, "ana", "preview") in {"READY", "TIMEOUT"}
