"""Why an account has the policy it has, told from the example policies."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from guardian.errors import InputError
from guardian.explain import BUILT_IN, Explanation, Said, explain
from guardian.ids import AccountId, OuId, OuPath
from guardian.organization import Account, AccountState, Organization
from guardian.places import Position
from guardian.policy.load import load_policies
from guardian.policy.resolve import chain_of, resolve

FILES = load_policies(Path(__file__).parents[2] / "config" / "policies")
PATHS = ("/", "/Sandbox", "/Workloads", "/Workloads/Data Science")
PRODUCTION = "/Workloads/Data Science/Production"
OUS = {OuPath(path): OuId(f"ou-ab12-{n:08}") for n, path in enumerate((*PATHS, PRODUCTION))}


def explained(ou: str, state: AccountState = AccountState.ACTIVE) -> Explanation:
    account = Account(AccountId("111122223333"), "fraud", state, OuPath(ou))
    organization = Organization("o-exampleorgid", AccountId("999999999999"), OUS, (account,))
    governance = resolve(FILES, organization, date(2026, 11, 23))
    return explain(account, FILES, organization, governance)


def said(explanation: Explanation, setting: str) -> Said:
    return next(each for each in explanation.settings if each.setting == setting)


def line_of(position: Position) -> str:
    return Path(position.file).read_text().splitlines()[position.line - 1]


@pytest.mark.parametrize(
    ("setting", "value", "file", "text"),
    [
        ("regions", "eu-west-1, us-east-1", "workloads", "regions: [eu-west-1, us-east-1]"),
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
    assert [each.value for each in exempt][-1] == "exempt: production pipelines until 2027-03-31"
    assert all(isinstance(each.source, Position) for each in exempt)


def test_the_files_come_from_the_root_down() -> None:
    stems = [Path(file).stem for file in explained(PRODUCTION).files]
    assert stems == ["workloads", "data-science", "production"]


def test_an_account_that_is_not_governed_has_a_reason_and_no_settings() -> None:
    suspended = explained("/Sandbox", AccountState.SUSPENDED)
    assert (suspended.policy, suspended.reason) == (None, "the account is suspended")
    assert suspended.settings == ()
    assert "no policy" in explained("/").reason


def test_a_file_for_an_ou_that_is_gone_is_an_error() -> None:
    lost = replace(FILES[0], ou="/Nowhere")
    organization = Organization("o-exampleorgid", AccountId("999999999999"), OUS, ())
    with pytest.raises(InputError, match="there is no OU /Nowhere"):
        chain_of(OuPath("/"), [lost], organization)
