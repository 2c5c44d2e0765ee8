"""The policies in config/, as they hold in an organization like the one they are written for."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from guardian.ids import AccountId, OuId, OuPath
from guardian.organization import Account, AccountState, Organization
from guardian.policy.load import load_policies
from guardian.policy.model import Mode, Notify, Policy
from guardian.policy.resolve import Governance, resolve
from guardian.settings import load_settings

CONFIG = Path(__file__).parents[2] / "config"
PATHS = [
    "/",
    "/Sandbox",
    "/Workloads",
    "/Workloads/Data Science",
    "/Workloads/Data Science/Research",
    "/Workloads/Data Science/Production",
    "/Workloads/Platform",
]
ACCOUNT_OF = {path: AccountId(f"11112222333{n}") for n, path in enumerate(PATHS)}


@pytest.fixture(scope="module")
def governance() -> Governance:
    accounts = [Account(i, i, AccountState.ACTIVE, OuPath(p)) for p, i in ACCOUNT_OF.items()]
    ous = {OuPath(path): OuId(f"ou-ab12-{n:08}") for n, path in enumerate(PATHS)}
    tree = Organization("o-exampleorgid", AccountId("999999999999"), ous, tuple(accounts))
    notify = load_settings(CONFIG, {}).notify
    return resolve(load_policies(CONFIG / "policies"), tree, date(2026, 11, 23), notify)


def policy_for(governance: Governance, path: str) -> Policy:
    slug = governance.policy_of[ACCOUNT_OF[path]]
    return next(policy for policy in governance.policies if policy.slug == slug)


@pytest.mark.parametrize(
    ("path", "slug", "mode", "grace", "idle"),
    [
        ("/Sandbox", "sandbox", Mode.STOP, 30, 30),
        ("/Workloads", "workloads", Mode.OBSERVE, 3600, 60),
        ("/Workloads/Platform", "workloads", Mode.OBSERVE, 3600, 60),
        ("/Workloads/Data Science", "data-science", Mode.STOP, 1800, 60),
        ("/Workloads/Data Science/Research", "data-science", Mode.STOP, 1800, 60),
        ("/Workloads/Data Science/Production", "production", Mode.OBSERVE, 1800, 60),
    ],
)
def test_an_example_policy_holds_where_its_comments_say(
    governance: Governance, path: str, slug: str, mode: Mode, grace: int, idle: int
) -> None:
    policy = policy_for(governance, path)
    rules = {rule.kind.key: rule for rule in policy.rules}
    assert policy.slug == slug
    assert policy.regions == ("eu-west-1", "us-east-1")
    assert {rule.mode for rule in policy.rules} == {mode}
    assert rules["glue-session"].grace == timedelta(seconds=grace)
    assert rules["emr-cluster"].idle == timedelta(minutes=idle)


def test_the_exemptions_of_data_science_hold_in_production_too(governance: Governance) -> None:
    for path in ("/Workloads/Data Science/Research", "/Workloads/Data Science/Production"):
        tagged, produced = policy_for(governance, path).rules[0].exempt
        assert tagged.tags == {"guardian": "keep"}
        assert (produced.principal, produced.expires) == ("*:role/prod-*", date(2027, 3, 31))


def test_digests_go_to_the_nearest_channel(governance: Governance) -> None:
    daily = "0 9 * * mon-fri"
    nearest = Notify("#data-costs", daily, "Europe/London")
    assert policy_for(governance, "/Workloads/Data Science/Production").notify == nearest
    assert policy_for(governance, "/Sandbox").notify == Notify(
        "#cloud-costs", daily, "Europe/London"
    )


def test_the_examples_leave_the_root_alone_and_warn_of_nothing(governance: Governance) -> None:
    assert list(governance.ungoverned) == [ACCOUNT_OF["/"]]
    assert governance.warnings == ()
