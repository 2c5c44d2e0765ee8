"""Why an account has the policy it has, told from the example policies."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from guardian.errors import InputError
from guardian.explain import BUILT_IN, Explanation, Said, explain
from guardian.ids import AccountId, OuId, OuPath, Region
from guardian.organization import ENABLED_BY_DEFAULT, Account, AccountState, Organization
from guardian.places import Position
from guardian.policy.load import load_policies
from guardian.policy.model import ALL_ENABLED, PolicyFile
from guardian.policy.resolve import chain_of, resolve
from guardian.terminal.explanation import show
from tests.unit.policies import IRELAND, VIRGINIA

CONFIG = Path(__file__).parents[2] / "config"
FILES = load_policies(CONFIG / "policies")
PATHS = ("/", "/Sandbox", "/Workloads", "/Workloads/Data Science")
PRODUCTION = "/Workloads/Data Science/Production"
OUS = {OuPath(path): OuId(f"ou-ab12-{n:08}") for n, path in enumerate((*PATHS, PRODUCTION))}
ACCOUNT = AccountId("111122223333")


def explained(
    ou: str,
    state: AccountState = AccountState.ACTIVE,
    files: Sequence[PolicyFile] = FILES,
    enabled: Mapping[AccountId, frozenset[Region]] = {},
) -> Explanation:
    account = Account(ACCOUNT, "fraud", state, OuPath(ou))
    management = AccountId("999999999999")
    organization = Organization("o-exampleorgid", management, OUS, (account,), enabled)
    governance = resolve(files, organization, date(2026, 11, 23))
    return explain(account, files, organization, governance)


def said(explanation: Explanation, setting: str) -> Said:
    return next(each for each in explanation.settings if each.setting == setting)


def line_of(position: Position) -> str:
    return Path(position.file).read_text().splitlines()[position.line - 1]


@pytest.mark.parametrize(
    ("setting", "value", "file", "text"),
    [
        ("regions", "eu-west-1, us-east-1", "root", "regions: [eu-west-1, us-east-1]"),
        ("kinds.glue-session.mode", "stop", "data-science", "mode: stop"),
        ("kinds.glue-session.grace", "30m", "data-science", "glue-session: {grace: 30m}"),
        ("kinds.sagemaker-notebook.grace", "4h", "workloads", "sagemaker-notebook: {grace: 4h}"),
        ("kinds.emr-cluster.idle", "1h", "workloads", "emr-cluster: {idle: 1h}"),
        ("notify.channel", "#data-costs", "data-science", 'channel: "#data-costs"'),
    ],
)
def test_each_setting_is_where_it_is_said_to_be(
    setting: str, value: str, file: str, text: str
) -> None:
    found = said(explained("/Workloads/Data Science"), setting)
    assert found.value == value
    assert isinstance(found.source, Position)
    assert Path(found.source.file).stem == file
    assert text in line_of(found.source)


def test_what_nobody_says_is_a_default() -> None:
    assert said(explained("/Workloads"), "kinds.emr-cluster.grace").source == BUILT_IN


def test_exemptions_of_all_files_are_told_with_their_places() -> None:
    exempt = [each for each in explained(PRODUCTION).settings if each.setting.startswith("exempt")]
    assert [each.value for each in exempt][1] == "exempt: production pipelines until 2027-03-31"
    assert all(isinstance(each.source, Position) for each in exempt)


def test_the_files_come_from_the_root_down() -> None:
    stems = [Path(file).stem for file in explained(PRODUCTION).files]
    assert stems == ["root", "workloads", "data-science", "production"]


def test_an_account_that_is_not_governed_has_a_reason_and_no_settings() -> None:
    suspended = explained("/Sandbox", AccountState.SUSPENDED)
    assert (suspended.policy, suspended.reason) == (None, "the account is suspended")
    assert suspended.settings == ()
    rootless = [replace(f, regions=(IRELAND,)) for f in FILES if f.slug == "sandbox"]
    assert "no policy" in explained("/Workloads", files=rootless).reason


def test_the_regions_of_a_policy_are_those_an_account_is_governed_in() -> None:
    found = explained("/Workloads")
    assert (found.regions, found.narrowed) == ((IRELAND, VIRGINIA), False)


def test_a_region_that_an_account_has_not_enabled_is_none_it_is_governed_in() -> None:
    found = explained("/Workloads", enabled={ACCOUNT: frozenset({VIRGINIA})})
    assert (found.regions, found.narrowed, found.assumed) == ((VIRGINIA,), True, False)


def test_all_enabled_regions_are_those_of_the_account_or_else_assumed() -> None:
    files = [replace(file, regions=(ALL_ENABLED,)) for file in FILES]
    asked = explained("/Workloads", files=files, enabled={ACCOUNT: frozenset({IRELAND})})
    assert (asked.regions, asked.narrowed, asked.assumed) == ((IRELAND,), True, False)
    unasked = explained("/Workloads", files=files)
    assert set(unasked.regions) == ENABLED_BY_DEFAULT
    assert unasked.assumed


def test_an_explanation_is_whole_in_a_hundred_columns() -> None:
    shown = StringIO()
    show(Console(file=shown, width=100), explained(PRODUCTION), CONFIG)
    assert "policies/data-science.yaml:20:12" in shown.getvalue()
    assert "exempt: production pipelines until" in shown.getvalue()
    assert max(map(len, shown.getvalue().splitlines())) <= 100


def test_a_file_for_an_ou_that_is_gone_is_an_error() -> None:
    lost = replace(FILES[0], ou="/Nowhere")
    organization = Organization("o-exampleorgid", AccountId("999999999999"), OUS, ())
    with pytest.raises(InputError, match="there is no OU /Nowhere"):
        chain_of(OuPath("/"), [lost], organization)
