"""What is said of policy files that are wrong: what, where, and all of it at once."""

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.errors import InputError
from guardian.ids import Region
from guardian.policy.load import load_policies
from tests.unit.policies import write


def problems_of(
    directory: Path, files: Mapping[str, str | bytes], regions: list[Region] | None = None
) -> list[str]:
    try:
        load_policies(write(directory, files), regions)
    except InputError as error:
        return [problem.removeprefix(f"{directory}/") for problem in error.problems]
    return []


ONE_PROBLEM = {
    "unknown key": ("ou: /\nregoins: []\n", "2:1: unknown key 'regoins'; did you mean regions?"),
    "unknown key, none near": (
        "ou: /\nx: 1\n",
        "2:1: unknown key 'x'; known: ou, mode, regions, kinds, exempt, hours, notify, also, limits, locked",
    ),
    "unknown kind": (
        "ou: /\nkinds:\n  glue-sesion:\n",
        "3:3: kinds: unknown kind 'glue-sesion'; did you mean glue-session?",
    ),
    "unknown key of a kind": (
        "ou: /\nkinds:\n  emr-cluster: {idel: 1h}\n",
        "3:17: kinds.emr-cluster: unknown key 'idel'; did you mean idle?",
    ),
    "unknown mode": (
        "ou: /\nmode: stopp\n",
        "2:7: mode: 'stopp' is not one of its values; did you mean stop?",
    ),
    "duplicate key": ("ou: /\nmode: stop\nmode: stop\n", "3:1: mode: written twice, first in line 2"),
    "missing ou": ("mode: stop\n", "1:1: ou: is missing"),
    "ou without a value": ("mode: stop\nou:\n", "2:1: ou: has no value"),
    "ou that is neither": (
        "ou: Workloads\n",
        "1:5: ou: 'Workloads' is neither a path such as /Workloads/Data nor an id such as ou-ab12-11111111",
    ),
    "list for a text": ("ou: [/]\n", "1:5: ou: must be text, not a list"),
    "mapping for a text": ("ou: {a: b}\n", "1:5: ou: must be text, not a mapping"),
    "text for a list": ("ou: /\nregions: eu-west-1\n", "2:10: regions: must be a list"),
    "text for a mapping": ("ou: /\nkinds: all\n", "2:8: kinds: must be a mapping"),
    "item that is no mapping": ("ou: /\nexempt: [all]\n", "2:10: exempt[0]: must be a mapping"),
    "region's form": (
        "ou: /\nregions: [eu-west]\n",
        "2:11: regions: 'eu-west' is not a region such as eu-west-1",
    ),
    "region twice": (
        "ou: /\nregions: [eu-west-1, eu-west-1]\n",
        "2:22: regions: eu-west-1 is there twice",
    ),
    "no region": ("ou: /\nregions: []\n", "2:10: regions: names no region; all-enabled is all"),
    "duration without a unit": (
        "ou: /\nkinds:\n  glue-session: {grace: 30}\n",
        "3:25: kinds.glue-session.grace: 30 has no unit: write 30s, 30m …",
    ),
    "duration": (
        "ou: /\nkinds:\n  glue-session: {grace: soon}\n",
        "3:25: kinds.glue-session.grace: 'soon' is not a duration: write 30s, 15m, 4h, 2d, 1h30m or PT30M",
    ),
    "idle of nothing": (
        "ou: /\nkinds:\n  emr-cluster: {idle: 0s}\n",
        "3:23: kinds.emr-cluster.idle: must be longer than 0s",
    ),
    "idle where nobody can tell": (
        "ou: /\nkinds:\n  glue-session: {idle: 1h}\n",
        "3:24: kinds.glue-session.idle: nobody can tell whether a Glue interactive session is idle; use grace",
    ),
    "account not quoted": (
        "ou: /\nexempt:\n  - accounts: [012345678901]\n",
        '3:16: exempt[0].accounts: 012345678901 is a number to YAML: put it in quotes, "012345678901"',
    ),
    "account too short": (
        'ou: /\nexempt:\n  - accounts: ["0123"]\n',
        "3:16: exempt[0].accounts: '0123' is not an account id: twelve digits",
    ),
    "tag value not quoted": (
        "ou: /\nexempt:\n  - tags: {keep: true}\n",
        '3:18: exempt[0].tags.keep: true is no text to YAML: put it in quotes, "true"',
    ),
    "exempts nothing": (
        "ou: /\nexempt:\n  - reason: because\n",
        "3:5: exempt[0]: exempts nothing: give one of tags, principal, accounts, id, origin",
    ),
    "expires": (
        "ou: /\nexempt:\n  - id: x\n    expires: 2027-02-30\n",
        "4:14: exempt[0].expires: '2027-02-30' is not a day such as 2027-03-31",
    ),
    "channel lost to a comment": (
        "ou: /\nnotify:\n  channel: #costs\n",
        '3:3: notify.channel: has no value: quote a channel, "#data-costs", for # begins a comment',
    ),
    "channel": (
        "ou: /\nnotify: {channel: costs}\n",
        "2:19: notify.channel: 'costs' is not a channel such as \"#data-costs\" or C0123456789",
    ),
    "cron fields": (
        "ou: /\nnotify: {digest: 9 * * mon}\n",
        "2:18: notify.digest: '9 * * mon' is not a five-field cron: Wrong number of fields; got 4, expected 5",
    ),
    "cron month": (
        "ou: /\nnotify: {digest: 0 9 * x mon}\n",
        "2:18: notify.digest: '0 9 * x mon' is not a five-field cron: Invalid month name \"x\"",
    ),
    "cron weekday by number": (
        "ou: /\nnotify: {digest: 0 9 * * 1-5}\n",
        "2:18: notify.digest: write the days of the week by name, mon-fri: their numbers differ",
    ),
    "quiet": (
        "ou: /\nnotify: {quiet: skipp}\n",
        "2:17: notify.quiet: 'skipp' is not one of its values; did you mean skip?",
    ),
    "topic": (
        "ou: /\nnotify: {sns: data-costs}\n",
        "2:15: notify.sns: 'data-costs' is not the ARN of an SNS topic, and no FIFO topic",
    ),
    "time zone": (
        "ou: /\nnotify: {timezone: Europe/Londn}\n",
        "2:20: notify.timezone: there is no time zone 'Europe/Londn'; did you mean Europe/London?",
    ),
    "tab": ("ou: /\nkinds:\n\tglue-session:\n", "3:1: a tab in the indentation: YAML wants spaces"),
    "syntax": ("ou: /\nregions: [eu-west-1\n", "3:1: not YAML: expected ',' or ']', but got '<stream end>'"),
    "two colons": ("ou: mode: stop\n", "1:9: not YAML: mapping values are not allowed here"),
    "control character": ('ou: "\x01"\n', "1:6: a control character does not belong in YAML"),
    "not UTF-8": (b"ou: /\n# caf\xe9\n", "2:6: byte 0xe9 is not UTF-8: save the file as UTF-8"),
    "not UTF-8 after a mark": (
        b"\xef\xbb\xbf# \xc3\xa9\xe9\n",
        "1:4: byte 0xe9 is not UTF-8: save the file as UTF-8",
    ),
    "empty": ("", "1:1: the file is empty"),
    "only comments": ("# soon\n", "1:1: the file is empty"),
    "a list": ("- ou: /\n", "1:1: the file must be a mapping of keys to values"),
    "two documents": ("ou: /\n---\nou: /A\n", "2:1: a second document: one file holds one"),
    "a YAML tag": ("ou: !!str x\n", "1:5: tags such as tag:yaml.org,2002:str are not allowed"),
    "a key that is a list": ("? [ou]\n: /\n", "1:3: a key must be a word"),
    "an alias of nothing": ("ou: *x\n", "1:5: there is no &x for this alias; quote text that begins with *"),
    "an alias within its anchor": (
        "ou: &x [*x]\n",
        "1:9: there is no &x for this alias; quote text that begins with *",
    ),
    "too many aliases": (
        "ou: &x /\nexempt: [" + "*x, " * 101 + "]\n",
        "2:410: more than 100 aliases",
    ),
    "too deep": ("ou: " + "[" * 100_000, "1:25: nested more than 20 levels deep"),
    "too many values": (
        "ou: [" + "a," * 30_000 + "]\n",
        "1:40000: the file holds more than 20,000 values",
    ),
    "too large": ("#" * 1_000_001, "1:1: the file is larger than 1,000,000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "problem"), list(ONE_PROBLEM.values()), ids=list(ONE_PROBLEM))
def test_a_problem_is_told_with_its_place(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    assert problems_of(tmp_path, {"data.yaml": content}) == [f"data.yaml:{problem}"]


def test_a_bomb_of_aliases_is_refused(tmp_path: Path) -> None:
    levels = ["a: &a [x, x, x, x, x, x, x, x]"]
    for below, name in pairwise("abcdefgh"):
        levels.append(f"{name}: &{name} [{', '.join([f'*{below}'] * 8)}]")
    (problem,) = problems_of(tmp_path, {"bomb.yaml": "\n".join(levels)})
    assert problem.endswith("the file holds more than 20,000 values")


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    files = {
        "b.yaml": "ou: /B\nmode: halt\nregions: [mars-1]\nexempt: [{}]\n",
        "a.yaml": "mode: [\n",
        "c.yaml": "colour: red\n",
    }
    assert [problem.split(": ")[0] for problem in problems_of(tmp_path, files)] == [
        "a.yaml:2:1",
        "b.yaml:2:7",
        "b.yaml:3:11",
        "b.yaml:4:10",
        "c.yaml:1:1",
        "c.yaml:1:1",
    ]


def test_a_region_that_does_not_exist_is_told_with_the_nearest(tmp_path: Path) -> None:
    known = [Region("eu-west-1"), Region("us-east-1")]
    problems = problems_of(tmp_path, {"a.yaml": "ou: /\nregions: [eu-wset-1]\n"}, known)
    near = "there is no region 'eu-wset-1'; did you mean eu-west-1?"
    assert problems == [f"a.yaml:2:11: regions: {near}"]


def test_two_files_for_one_ou_are_refused(tmp_path: Path) -> None:
    files = {"a.yaml": "ou: /Sandbox\n", "b.yaml": "mode: stop\nou: /Sandbox/\n"}
    message = f"b.yaml:2:5: the OU /Sandbox has a policy already: {tmp_path}/a.yaml"
    assert problems_of(tmp_path, files) == [message]


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    files = {"a.yaml": "ou: /A\n", "a.yml": "ou: /B\n"}
    message = f"a.yml:1:5: the name a belongs to a policy already: {tmp_path}/a.yaml"
    assert problems_of(tmp_path, files) == [message]


def test_a_directory_without_policies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no policy"):
        load_policies(tmp_path)
    with pytest.raises(InputError, match="there is no such directory"):
        load_policies(tmp_path / "none")


def test_a_directory_named_like_a_policy_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    assert problems_of(tmp_path, {}) == ["a.yaml:1:1: cannot be read: Is a directory"]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_makes_the_reader_crash(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    for problem in problems_of(tmp_path_factory.mktemp("any"), {"any.yaml": content}):
        assert re.match(r"any\.yaml:\d+:\d+: ", problem)
