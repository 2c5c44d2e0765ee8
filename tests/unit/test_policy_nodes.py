"""YAML as nodes: merge keys, and files made to hurt."""

import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import pytest

from guardian.errors import InputError
from guardian.policy.nodes import Fields, Items, Node, Problems, Scalar, positions, read_yaml

PEAK = 20_000_000
"""Bytes that the reading of any file may take; a file of the largest size is a megabyte of it."""
KINDS = """\
base: &base {grace: 5m, mode: stop}
other: &other
  grace: 1h
  idle: 2h
"""


def read(text: str | bytes) -> Fields:
    raw = text.encode() if isinstance(text, str) else text
    problems = Problems()
    fields = read_yaml("a.yaml", raw, problems)
    problems.refuse()
    assert fields is not None
    return fields


def plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.values.items()}


def problems_of(text: str | bytes) -> list[str]:
    with pytest.raises(InputError) as refused:
        read(text)
    return list(refused.value.problems)


@pytest.mark.parametrize(
    ("merging", "merged"),
    [
        ("{<<: *base}", {"grace": "5m", "mode": "stop"}),
        ("{<<: *base, grace: 9m}", {"grace": "9m", "mode": "stop"}),
        ("{grace: 9m, <<: *base}", {"grace": "9m", "mode": "stop"}),
        ("{<<: [*base, *other]}", {"grace": "5m", "mode": "stop", "idle": "2h"}),
        ("{<<: [*other, *base]}", {"grace": "1h", "mode": "stop", "idle": "2h"}),
        ("{<<: [*base, *other], idle: 3h}", {"grace": "5m", "mode": "stop", "idle": "3h"}),
        ("{<<: {mode: observe}, idle: 3h}", {"mode": "observe", "idle": "3h"}),
        ("{<<: []}", {}),
        ('{"<<": x}', {"<<": "x"}),
    ],
)
def test_a_merge_key_fills_in_what_is_not_written(merging: str, merged: object) -> None:
    assert plain(read(f"{KINDS}mine: {merging}\n").values["mine"]) == merged


def test_what_is_merged_is_merged_on() -> None:
    text = f"{KINDS}b: &b {{<<: *base, idle: 1h}}\nc: {{<<: *b, mode: observe}}\n"
    assert plain(read(text).values["c"]) == {"mode": "observe", "idle": "1h", "grace": "5m"}


def test_a_merged_value_stands_where_it_was_written() -> None:
    found = read(f"{KINDS}mine:\n  <<: [*base, *other]\n  mode: observe\n")
    mine = found.values["mine"]
    assert isinstance(mine, Fields)
    assert {key: str(at) for key, at in mine.keys.items()} == {
        "mode": "a.yaml:7:3",
        "grace": "a.yaml:1:14",
        "idle": "a.yaml:4:3",
    }
    assert str(positions(found)["mine.idle"]) == "a.yaml:4:9"
    assert str(positions(found)["mine"]) == "a.yaml:6:3"


@pytest.mark.parametrize("merging", ["text", "[text]", "", "[[]]"])
def test_only_mappings_can_be_merged(merging: str) -> None:
    (problem,) = problems_of(f"mine:\n  <<: {merging}\n")
    assert problem.startswith("a.yaml:2:")
    assert problem.endswith("<<: must be a mapping or a list of mappings")


def test_two_merge_keys_are_one_too_many() -> None:
    text = f"{KINDS}mine:\n  <<: *base\n  <<: *other\n"
    assert problems_of(text) == ["a.yaml:7:3: <<: written twice, first in line 6"]


def bomb(level: Callable[[str, str], str]) -> str:
    first = "a: &a {" + ", ".join(f"k{number}: x" for number in range(50)) + "}"
    return "\n".join([first, *(level(name, below) for below, name in pairwise("abcdefghij"))])


HURTFUL = {
    "five megabytes": (
        b"ou: /\n" + b"# filler\n" * 555_555,
        "1:1: the file is larger than 1,000,000 bytes",
    ),
    "a merge bomb": (
        bomb(lambda name, below: f"{name}: &{name} {{<<: [{', '.join([f'*{below}'] * 8)}]}}"),
        "the file holds more than 20,000 values",
    ),
    "a merge bomb of one key a level": (
        bomb(lambda name, below: f"{name}: &{name} {{x: *{below}, y: *{below}, <<: *{below}}}"),
        "the file holds more than 20,000 values",
    ),
    "a billion laughs": (
        bomb(lambda name, below: f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]"),
        "the file holds more than 20,000 values",
    ),
    "deep brackets": ("ou: " + "[" * 100_000, "1:25: nested more than 20 levels deep"),
    "deep braces": ("{a: " * 200_000, "1:82: nested more than 20 levels deep"),
    "deep dashes": ("- " * 400_000, "1:43: nested more than 20 levels deep"),
    "deep questions": ("? " * 400_000, "1:43: nested more than 20 levels deep"),
    "many keys": (
        "\n".join(f"k{number}: x" for number in range(12_000)),
        "the file holds more than 20,000 values",
    ),
    "not UTF-8": (b"ou: /\n" + b"\xff" * 900_000, "2:1: byte 0xff is not UTF-8: save the file as"),
    "UTF-16": ("ou: /\n".encode("utf-16"), "1:1: byte 0xff is not UTF-8: save the file as UTF-8"),
    "tabs": ("ou: /\n" + "\t" * 900_000 + "a: b", "2:1: a tab in the indentation"),
    "nulls": (b"ou: /\n" + b"\0" * 900_000, "2:1: a control character does not belong"),
    "an endless text": ('ou: "' + "x" * 90_000, "not YAML: "),
    "an endless key": ("x" * 90_000, "the file must be a mapping"),
    "blank lines": ("\n" * 90_000, "1:1: the file is empty"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("content", "problem"), list(HURTFUL.values()), ids=list(HURTFUL))
def test_a_file_made_to_hurt_is_one_clear_problem_in_bounded_memory(
    content: str | bytes, problem: str
) -> None:
    raw = content.encode() if isinstance(content, str) else content
    tracemalloc.start()
    try:
        (found,) = problems_of(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert problem in found
    assert "\n" not in found
    assert len(found) < 300
    assert peak < PEAK
