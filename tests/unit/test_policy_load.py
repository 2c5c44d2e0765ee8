"""Policy files: what is read of them, and the names they get."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.policy.load import load_policies, parse_policies, slug_of
from guardian.policy.model import Exemption, KindSettings, Mode, NotifySettings, PolicyFile
from tests.unit.policies import write

EVERYTHING = """\
ou: /Workloads/Data Science/
mode: stop
regions: [eu-west-1, us-gov-west-1]
kinds:
  glue-session: {grace: 30s, mode: observe}
  sagemaker-notebook:
  emr-cluster: {idle: PT30M}
exempt:
  - tags: {guardian: keep, team: "7"}
    accounts: ["012345678901"]
    id: prod-*
  - principal: "*:role/prod-*"
    reason: production pipelines
    owner: data-platform@example.com
    expires: 2027-03-31
notify: {channel: "#data-costs", digest: 0 9 * * mon-fri, timezone: Europe/London}
"""


def load_one(directory: Path, content: str | bytes) -> PolicyFile:
    (file,) = load_policies(write(directory, {"data.yaml": content}))
    return file


def test_every_key_of_a_policy_is_read(tmp_path: Path) -> None:
    file = load_one(tmp_path, EVERYTHING)
    assert (file.slug, file.ou, file.mode) == ("data", "/Workloads/Data Science", Mode.STOP)
    assert file.regions == ("eu-west-1", "us-gov-west-1")
    assert file.kinds == {
        "glue-session": KindSettings(mode=Mode.OBSERVE, grace=timedelta(seconds=30)),
        "sagemaker-notebook": KindSettings(),
        "emr-cluster": KindSettings(idle=timedelta(minutes=30)),
    }
    tagged, produced = file.exempt
    assert tagged.tags == {"guardian": "keep", "team": "7"}
    assert (tagged.accounts, tagged.id) == (("012345678901",), "prod-*")
    assert produced == Exemption(
        principal="*:role/prod-*",
        reason="production pipelines",
        owner="data-platform@example.com",
        expires=date(2027, 3, 31),
    )
    assert file.notify == NotifySettings("#data-costs", "0 9 * * mon-fri", "Europe/London")


def test_an_ou_alone_is_a_policy(tmp_path: Path) -> None:
    file = load_one(tmp_path, "ou: /\n")
    assert (file.ou, file.mode, file.regions, file.kinds, file.exempt) == ("/", None, None, {}, ())
    assert file.notify == NotifySettings()


@pytest.mark.parametrize("ou", ["r-ab12", "ou-ab12-11111111", "/Sandbox"])
def test_an_ou_is_named_by_id_or_path(tmp_path: Path, ou: str) -> None:
    assert load_one(tmp_path, f"ou: {ou}\n").ou == ou


def test_keys_left_empty_say_nothing(tmp_path: Path) -> None:
    file = load_one(tmp_path, "ou: /\nkinds:\nexempt:\nnotify:\n")
    assert (file.kinds, file.exempt, file.notify) == ({}, (), NotifySettings())


def test_a_policy_knows_where_its_values_stand(tmp_path: Path) -> None:
    file = load_one(tmp_path, EVERYTHING)
    lines = EVERYTHING.splitlines()
    for name, text in [
        ("ou", "/Workloads"),
        ("kinds.glue-session.grace", "30s"),
        ("exempt[1].expires", "2027-03-31"),
        ("notify.channel", '"#data-costs"'),
    ]:
        at = file.positions[name]
        assert lines[at.line - 1][at.column - 1 :].startswith(text)


def test_an_alias_stands_for_its_anchor(tmp_path: Path) -> None:
    content = "ou: /\nkinds:\n  glue-session: &short {grace: 5m}\n  sagemaker-notebook: *short\n"
    file = load_one(tmp_path, content)
    assert file.kinds["sagemaker-notebook"].grace == timedelta(minutes=5)


def test_a_merge_key_lets_kinds_share_settings(tmp_path: Path) -> None:
    content = """\
ou: /
kinds:
  glue-session: &short {grace: 5m, mode: stop}
  sagemaker-notebook: {<<: *short, mode: observe}
"""
    file = load_one(tmp_path, content)
    shared = KindSettings(mode=Mode.OBSERVE, grace=timedelta(minutes=5))
    assert file.kinds["sagemaker-notebook"] == shared
    assert file.positions["kinds.sagemaker-notebook.grace"].line == 3
    assert file.positions["kinds.sagemaker-notebook.mode"].line == 4


def test_policies_are_the_same_wherever_their_bytes_come_from(tmp_path: Path) -> None:
    (file,) = parse_policies([("s3://bucket/prefix/Data Science.yaml", EVERYTHING.encode())])
    (written,) = load_policies(write(tmp_path, {"Data Science.yaml": EVERYTHING}))
    assert (file.slug, file.kinds, file.exempt) == (written.slug, written.kinds, written.exempt)
    assert str(file.ou_position) == "s3://bucket/prefix/Data Science.yaml:1:5"


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    assert load_one(tmp_path, b"\xef\xbb\xbfou: /\n").ou == "/"


def test_policies_come_by_file_name_and_other_files_are_left_alone(tmp_path: Path) -> None:
    policies = {"b.yml": "ou: /B\n", "a.yaml": "ou: /A\n"}
    write(tmp_path, policies | {"README.md": "no", ".#a.yaml": "no", "c.json": "{}"})
    assert [file.slug for file in load_policies(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("stem", "slug"),
    [("data-science", "data-science"), ("a" * 24, "a" * 24), ("2024", "2024")],
)
def test_a_file_name_that_fits_is_the_slug(stem: str, slug: str) -> None:
    assert slug_of(stem) == slug


@given(st.lists(st.text(min_size=1, max_size=60), unique=True, min_size=2, max_size=20))
def test_slugs_fit_into_resource_names_and_stay_apart(stems: list[str]) -> None:
    slugs = [slug_of(stem) for stem in stems]
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?", slug) for slug in slugs)
    assert len(set(slugs)) == len(stems)
