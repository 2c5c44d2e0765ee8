from datetime import UTC, datetime, timedelta

import pytest

from guardian.aws.templates import filled, filled_all, values_of
from guardian.documents import Json
from guardian.ids import AccountId, Region, Target
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind

HERE = Target(AccountId("111122223333"), Region("eu-west-1"))
KINDS = all_kinds()
APP = KINDS["sagemaker-app"]
OF_SPACE, OF_PROFILE = "d-1//lab/JupyterLab/default", "d-1/ana//KernelGateway/default"
HOSTILE = 'a {arn} {account} {part?} "quoted" ${AWS::AccountId} %s \\1 é'


def test_placeholders_are_filled_once_however_deep() -> None:
    values = {"id": "{account}", "account": "1"}
    template: Json = {"Ids": ["{id}", "x-{account}"], "Other": {"Count": 3, "Keep": "{unknown}"}}
    assert filled(template, values) == {
        "Ids": ["{account}", "x-1"],
        "Other": {"Count": 3, "Keep": "{unknown}"},
    }


@pytest.mark.parametrize(
    ("app", "named"),
    [
        (OF_SPACE, {"SpaceName": "lab"}),
        (OF_PROFILE, {"UserProfileName": "ana"}),
    ],
)
def test_an_argument_of_an_empty_part_is_left_out(app: str, named: dict[str, str]) -> None:
    arguments = filled_all(APP.stop.arguments, values_of(APP, HERE, app))
    (*_, kind, name) = app.split("/")
    assert arguments == {"DomainId": "d-1", "AppType": kind, "AppName": name, **named}


def test_an_argument_that_may_not_be_left_out_stays_empty() -> None:
    assert filled_all({"A": "{part}", "B": "{part?}"}, {"part": ""}) == {"A": ""}


def test_an_argument_beside_other_text_is_never_left_out() -> None:
    assert filled_all({"A": "x-{part?}"}, {"part": ""}) == {"A": "x-"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_id_of_any_characters_is_passed_as_it_is(kind: Kind) -> None:
    first, *others = kind.parts
    identifier = kind.identifier({first: HOSTILE, **{part: f"{part}-é{{id}}" for part in others}})
    values = values_of(kind, HERE, identifier)
    assert values[first] == HOSTILE
    assert filled(f"<{{{first}}}>", values) == f"<{HOSTILE}>"


def test_a_first_part_may_hold_what_joins_the_parts() -> None:
    run = KINDS["glue-job-run"]
    values = values_of(run, HERE, "team/etl/jr_1")
    assert (values["job"], values["run"]) == ("team/etl", "jr_1")
    assert values["arn"] == "arn:aws:glue:eu-west-1:111122223333:job/team/etl"


@pytest.mark.parametrize(
    ("key", "identifier", "resource"),
    [
        (
            "sagemaker-notebook",
            "Churn",
            "sagemaker:eu-west-1:111122223333:notebook-instance/churn",
        ),
        (
            "sagemaker-app",
            OF_SPACE,
            "sagemaker:eu-west-1:111122223333:app/d-1/lab/jupyterlab/default",
        ),
        (
            "athena-session",
            "spark/s-1",
            "athena:eu-west-1:111122223333:workgroup/spark/session/s-1",
        ),
        ("ec2-instance", "i-1", "ec2:eu-west-1:111122223333:instance/i-1"),
    ],
)
def test_an_arn_is_written_as_its_service_does(key: str, identifier: str, resource: str) -> None:
    assert values_of(KINDS[key], HERE, identifier)["arn"] == f"arn:aws:{resource}"


def test_an_arn_lies_in_the_partition_of_its_region() -> None:
    beijing = Target(AccountId("111122223333"), Region("cn-north-1"))
    arn = values_of(KINDS["glue-session"], beijing, "x")["arn"]
    assert arn == "arn:aws-cn:glue:cn-north-1:111122223333:session/x"


def test_the_idle_window_is_text() -> None:
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    window = (now - timedelta(hours=1), now)
    values = values_of(KINDS["emr-cluster"], HERE, "j-1", window)
    assert (values["idle_from"], values["now"]) == (
        "2026-11-23T08:00:00.000Z",
        "2026-11-23T09:00:00.000Z",
    )
