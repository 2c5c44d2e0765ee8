"""The policies in config/, as they hold in an organization like the one they are written for."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from guardian.explain import Explanation, explain
from guardian.organization import Organization
from guardian.places import Position
from guardian.policy.inheritance import settings
from guardian.policy.load import load_policies
from guardian.policy.model import Mode, Notify, Policy, Rule
from guardian.policy.resolve import Governance, resolve
from guardian.settings import load_settings
from tests.unit.policies import tree

CONFIG = Path(__file__).parents[2] / "config"
FILES = load_policies(CONFIG / "policies")
RESEARCH = "/Workloads/Data Science/Research"
PRODUCTION = "/Workloads/Data Science/Production"
PATHS = ("/Sandbox", "/Workloads", "/Workloads/Data Science", RESEARCH, PRODUCTION)
ORGANIZATION = tree((*PATHS, "/Workloads/Platform", "/Security"))
SCHEMA = "# yaml-language-server: $schema=../policy.schema.json"


@pytest.fixture(scope="module")
def governance() -> Governance:
    notify = load_settings(CONFIG, {}).notify
    return resolve(FILES, ORGANIZATION, date(2026, 11, 23), notify)


def policy_for(governance: Governance, path: str) -> Policy:
    account = next(a for a in ORGANIZATION.accounts if a.ou == path)
    slug = governance.policy_of[account.id]
    return next(policy for policy in governance.policies if policy.slug == slug)


def rules(policy: Policy) -> dict[str, Rule]:
    return {rule.kind.key: rule for rule in policy.rules}


def explained(organization: Organization, governance: Governance, path: str) -> Explanation:
    account = next(a for a in organization.accounts if a.ou == path)
    return explain(account, FILES, organization, governance)


@pytest.mark.parametrize(
    ("path", "slug", "mode", "times"),
    [
        ("/", "root", Mode.OBSERVE, (3600, 12, 120)),
        ("/Security", "root", Mode.OBSERVE, (3600, 12, 120)),
        ("/Sandbox", "sandbox", Mode.STOP, (30, 0.5, 30)),
        ("/Workloads", "workloads", Mode.OBSERVE, (3600, 4, 60)),
        ("/Workloads/Platform", "workloads", Mode.OBSERVE, (3600, 4, 60)),
        ("/Workloads/Data Science", "data-science", Mode.STOP, (1800, 4, 60)),
        (RESEARCH, "data-science", Mode.STOP, (1800, 4, 60)),
        (PRODUCTION, "production", Mode.OBSERVE, (1800, 4, 60)),
    ],
)
def test_an_example_policy_holds_where_its_comments_say(
    governance: Governance,
    path: str,
    slug: str,
    mode: Mode,
    times: tuple[int, float, int],
) -> None:
    policy = policy_for(governance, path)
    found = rules(policy)
    session, notebook, idle = times
    assert policy.slug == slug
    assert policy.regions == ("eu-west-1", "us-east-1")
    assert {rule.mode for rule in policy.rules} == {mode}
    assert found["glue-session"].grace == timedelta(seconds=session)
    assert found["sagemaker-notebook"].grace == timedelta(hours=notebook)
    assert found["emr-cluster"].idle == timedelta(minutes=idle)


@pytest.mark.parametrize(
    ("local", "ends"),
    [
        (datetime(2026, 11, 23, 6, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 23, 20, tzinfo=UTC)),
        (datetime(2026, 11, 22, 10, tzinfo=UTC), None),
        (datetime(2026, 12, 25, 10, tzinfo=UTC), None),
    ],
    ids=["before work", "at work", "on a sunday", "at christmas"],
)
def test_the_notebooks_of_data_science_are_left_alone_at_work(
    governance: Governance, local: datetime, ends: datetime | None
) -> None:
    for path in (RESEARCH, PRODUCTION):
        hours = rules(policy_for(governance, path))["sagemaker-notebook"].hours
        assert hours is not None
        assert hours.rest_ends(local) == ends
    assert rules(policy_for(governance, "/Sandbox"))["sagemaker-notebook"].hours is None


def test_bounds_hold_from_the_file_that_says_them_down(governance: Governance) -> None:
    ages = {path: rules(policy_for(governance, path))["emr-cluster"].max_age for path in PATHS}
    two_days = timedelta(days=2)
    assert ages == dict.fromkeys(PATHS[:2]) | dict.fromkeys(PATHS[2:], two_days)
    limits = {path: policy_for(governance, path).limits.stops_per_sweep for path in PATHS}
    assert limits == {PATHS[0]: None} | dict.fromkeys(PATHS[1:], 20)


def test_production_has_the_exemptions_of_data_science_and_its_own(governance: Governance) -> None:
    tagged, produced = policy_for(governance, RESEARCH).rules[0].exempt
    assert tagged.tags == {"guardian": "keep"}
    assert (produced.principal, produced.expires) == ("*:role/prod-*", date(2027, 3, 31))
    above, own = (policy_for(governance, PRODUCTION).rules[0].exempt[n::2] for n in (0, 1))
    assert (above[0], own[0]) == (tagged, produced)
    assert above[1].origin == "nightly-*"
    assert (own[1].accounts, own[1].id) == (("444455556666",), "month-end-*")


def test_digests_go_to_the_nearest_channel(governance: Governance) -> None:
    daily = "0 9 * * mon-fri"
    nearest = Notify("#data-costs", daily, "Europe/London")
    assert policy_for(governance, PRODUCTION).notify == nearest
    assert policy_for(governance, "/Sandbox").notify == Notify(
        "#cloud-costs", daily, "Europe/London"
    )


def test_the_examples_leave_nobody_out_and_warn_of_nothing(governance: Governance) -> None:
    assert governance.ungoverned == {}
    assert governance.warnings == ()


@pytest.mark.parametrize("path", ORGANIZATION.ous)
def test_every_setting_of_the_examples_can_be_explained(governance: Governance, path: str) -> None:
    explanation = explained(ORGANIZATION, governance, path)
    policy = policy_for(governance, path)
    said = {name for name, value in settings(policy).items() if value is not None}
    said -= {"exempt", "also"}
    assert {each.setting for each in explanation.settings} - said <= {"exempt[0]", "exempt[1]"}
    assert said <= {each.setting for each in explanation.settings}
    by_files = [s for s in explanation.settings if isinstance(s.source, Position)]
    assert {Path(str(s.source).split(":")[0]).stem for s in by_files} <= {
        Path(file).stem for file in explanation.files
    }


@pytest.mark.parametrize("file", sorted((CONFIG / "policies").iterdir()), ids=lambda f: f.stem)
def test_editors_find_the_schema(file: Path) -> None:
    first, second = file.read_text("utf-8").splitlines()[:2]
    assert first == SCHEMA
    assert second.startswith("# ")
    assert (file.parent / first.rpartition("=")[2]).is_file()
