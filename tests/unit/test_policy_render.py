"""A policy file as YAML again."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from guardian.ids import Region, Slug
from guardian.places import Position
from guardian.policy.load import load_policies, parse_policies
from guardian.policy.model import (
    Exemption,
    KindSettings,
    Limits,
    Mode,
    NotifySettings,
    PolicyFile,
)
from guardian.policy.render import render
from tests.unit.policy_files import POLICY_FILES, TEXTS

EXAMPLES = load_policies(Path(__file__).parents[2] / "config" / "policies")
START = Position("policies/data.yaml", 1, 1)
FILE = PolicyFile("policies/data.yaml", Slug("data"), "/Workloads/Data Science", START)


def read(text: str) -> PolicyFile:
    (file,) = parse_policies([("policies/data.yaml", text.encode())])
    return file


def placeless(file: PolicyFile) -> PolicyFile:
    return replace(file, file="", slug=Slug(""), ou_position=START, positions={})


@given(POLICY_FILES)
def test_a_rendered_file_says_the_same_when_it_is_read_again(file: PolicyFile) -> None:
    assert placeless(read(render(file))) == placeless(file)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.slug)
def test_an_example_says_the_same_when_it_is_read_again(file: PolicyFile) -> None:
    assert placeless(read(render(file))) == placeless(file)


@given(st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=3), TEXTS)
def test_any_reader_of_yaml_finds_the_same_texts(tags: dict[str, str], reason: str) -> None:
    text = render(replace(FILE, exempt=(Exemption(tags=tags, reason=reason),)))
    found = YAML(typ="safe", pure=True).load(text)["exempt"][0]
    assert found["tags"] == tags
    assert found["reason"] == reason


def test_a_file_looks_as_people_write_it() -> None:
    file = replace(
        FILE,
        mode=Mode.STOP,
        regions=(Region("eu-west-1"), Region("us-east-1")),
        kinds={
            "glue-session": KindSettings(grace=timedelta(minutes=30)),
            "sagemaker-notebook": KindSettings(),
        },
        exempt=(
            Exemption(tags={"guardian": "keep", "team": "7"}),
            Exemption(principal="*:role/prod-*", reason="no", expires=date(2027, 3, 31)),
        ),
        notify=NotifySettings(channel="#data-costs"),
        limits=Limits(5),
        locked=("mode",),
    )
    assert render(file) == WRITTEN


WRITTEN = """\
ou: /Workloads/Data Science
mode: stop
regions: [eu-west-1, us-east-1]
kinds:
  glue-session:
    grace: 30m
  sagemaker-notebook:
exempt:
  - tags:
      guardian: keep
      team: "7"
  - principal: "*:role/prod-*"
    reason: "no"
    expires: "2027-03-31"
notify:
  channel: "#data-costs"
limits:
  stops_per_sweep: 5
locked: [mode]
"""
