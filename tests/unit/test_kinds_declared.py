"""Every kind keeps to what AWS's models say. A new file in guardian/kinds is held to it by itself."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import guardian.kinds
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from tests.unit.kind_checks import CHECKS

every_kind = pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())
words = st.text(st.characters(exclude_characters="/"), max_size=6)


def test_the_registry_holds_every_file_of_the_folder_under_its_own_name() -> None:
    folder = Path(next(iter(guardian.kinds.__path__)))
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    assert {key.replace("-", "_") for key in all_kinds()} == files


@every_kind
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_kind_keeps_to_what_aws_knows(kind: Kind, check: Callable[[Kind], None]) -> None:
    check(kind)


@every_kind
def test_the_defaults_are_durations_that_can_be_waited_for(kind: Kind) -> None:
    waits = kind.default_grace + (kind.default_idle or timedelta(0))
    assert timedelta(minutes=30) <= waits <= timedelta(days=7)
    assert kind.default_idle is None or kind.default_idle >= timedelta(minutes=5)
    assert kind.ends_itself is None or kind.default_grace < kind.ends_itself


def test_what_may_be_production_is_governed_only_where_a_policy_names_it() -> None:
    assert {kind.key for kind in all_kinds().values() if not kind.default} == {
        "ec2-instance",
        "glue-job-run",
        "sagemaker-endpoint",
        "sagemaker-processing-job",
        "sagemaker-training-job",
    }


@given(kind=st.sampled_from(list(all_kinds().values())), data=st.data())
def test_an_id_is_made_of_its_parts_and_taken_apart_again(kind: Kind, data: st.DataObject) -> None:
    first = data.draw(st.text(max_size=12), "the first part, which may hold slashes")
    others = [data.draw(words) for _ in kind.parts[1:]]
    parts = dict(zip(kind.parts, [first, *others], strict=True))
    assert kind.parts_of(kind.identifier(parts)) == parts


def test_an_id_with_slashes_in_its_first_part_is_taken_apart_from_its_end() -> None:
    kind = all_kinds()["glue-job-run"]
    assert kind.parts_of("team/etl/nightly/jr_1") == {"job": "team/etl/nightly", "run": "jr_1"}
