"""The JSON Schema of policies: it takes what the loader takes, and refuses with it what it can know."""

import io
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from ruamel.yaml import YAML

from guardian import terminal
from guardian.documents import pick
from guardian.errors import InputError
from guardian.kinds import all_kinds
from guardian.policy import durations, hours
from guardian.policy.load import parse_policies
from guardian.policy.model import PolicyFile
from guardian.policy.render import render
from guardian.policy.schema import schema
from tests.unit.policy_files import POLICY_FILES

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "config" / "policy.schema.json"
REFERENCE = ROOT / "docs" / "reference" / "policy.md"
EXAMPLES = {
    path.name: path.read_text("utf-8")
    for path in sorted((ROOT / "config/policies").glob("*.yaml"))
}
BLOCKS = re.findall(
    r"^( *)```yaml\n(.*?)^ *```", REFERENCE.read_text("utf-8"), re.DOTALL | re.MULTILINE
)
PAGE = {f"policy.md {n}": textwrap.dedent(block) for n, (_, block) in enumerate(BLOCKS)}
VALIDATOR = Draft202012Validator(schema())


def refused_by_schema(text: str) -> bool:
    found = YAML(typ="safe", pure=True).load(io.StringIO(text))
    # An editor sees a day as text; this parser makes a date of it.
    return not VALIDATOR.is_valid(json.loads(json.dumps(found, default=str)))


def refused_by_loader(text: str) -> bool:
    try:
        parse_policies([("policies/data.yaml", text.encode())])
    except InputError:
        return True
    return False


def taken(name: str, text: str) -> bool:
    """Whether one of the schema's definitions takes a text."""
    alone = {"$ref": f"#/$defs/{name}", "$defs": schema()["$defs"]}
    return bool(Draft202012Validator(alone).is_valid(text))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())


def test_the_schema_in_config_is_current() -> None:
    current = terminal.as_json(schema()) + "\n"
    assert COMMITTED.read_text("utf-8") == current, "guardian schema > config/policy.schema.json"


@pytest.mark.parametrize("text", [*EXAMPLES.values(), *PAGE.values()], ids=[*EXAMPLES, *PAGE])
def test_every_example_is_taken(text: str) -> None:
    assert not refused_by_schema(text)


@given(POLICY_FILES)
def test_what_the_loader_takes_the_schema_takes(file: PolicyFile) -> None:
    text = render(file)
    assert not refused_by_loader(text)
    assert not refused_by_schema(text)


@pytest.mark.parametrize(
    "text",
    [
        "ou: /\nkinds:\nexempt:\nnotify:\nlimits:\nlocked:\n",
        "ou: /\nkinds: {glue-session: , emr-cluster: {}}\n",
        "ou: r-ab12\nregions: all-enabled\n",
        "ou: /\nhours: {rests: [mon 00:00-24:00], applies: , timezone: UTC, holidays: }\n",
        "ou: /\nexempt: [{tags: {}, id: x}, {accounts: , origin: x}]\n",
        "ou: /\nkinds: {emr-cluster: {idle: PT1S, max_age: 1d, grace: P0D}}\n",
    ],
)
def test_empty_values_and_odd_forms_are_taken_by_both(text: str) -> None:
    assert not refused_by_loader(text)
    assert not refused_by_schema(text)


WRONG = {
    "no ou": "mode: stop\n",
    "ou without a value": "ou:\n",
    "ou that is neither": "ou: Workloads\n",
    "unknown key": "ou: /\nregoins: []\n",
    "unknown kind": "ou: /\nkinds: {glue-sesion: }\n",
    "unknown key of a kind": "ou: /\nkinds: {emr-cluster: {idel: 1h}}\n",
    "kind that is no mapping": "ou: /\nkinds: {emr-cluster: 1h}\n",
    "mode": "ou: /\nmode: stopp\n",
    "mode without a value": "ou: /\nmode:\n",
    "mode of a kind": "ou: /\nkinds: {emr-cluster: {mode: kill}}\n",
    "kinds that are a list": "ou: /\nkinds: [emr-cluster]\n",
    "region's form": "ou: /\nregions: [eu-west]\n",
    "region twice": "ou: /\nregions: [eu-west-1, eu-west-1]\n",
    "no region": "ou: /\nregions: []\n",
    "regions without a value": "ou: /\nregions:\n",
    "one region that is no list": "ou: /\nregions: eu-west-1\n",
    "all regions in a list": "ou: /\nregions: [all-enabled]\n",
    "duration without a unit": "ou: /\nkinds: {emr-cluster: {grace: 30}}\n",
    "duration without a number": "ou: /\nkinds: {emr-cluster: {grace: PT}}\n",
    "duration of words": "ou: /\nkinds: {emr-cluster: {grace: soon}}\n",
    "duration in the wrong order": "ou: /\nkinds: {emr-cluster: {grace: 30m1h}}\n",
    "empty duration": 'ou: /\nkinds: {emr-cluster: {grace: ""}}\n',
    "idle of nothing": "ou: /\nkinds: {emr-cluster: {idle: 0s}}\n",
    "age of nothing": "ou: /\nkinds: {emr-cluster: {max_age: PT0S}}\n",
    "idle where nobody can tell": "ou: /\nkinds: {glue-session: {idle: 1h}}\n",
    "exemption of nothing": "ou: /\nexempt: [{reason: because}]\n",
    "exemption of empty things": "ou: /\nexempt: [{tags: {}, accounts: []}]\n",
    "exemption that is no mapping": "ou: /\nexempt: [all]\n",
    "exemption with an unknown key": "ou: /\nexempt: [{id: x, until: 2027-03-31}]\n",
    "account that is a number": "ou: /\nexempt: [{accounts: [111122223333]}]\n",
    "account too short": 'ou: /\nexempt: [{accounts: ["0123"]}]\n',
    "tag that is no text": "ou: /\nexempt: [{tags: {keep: true}}]\n",
    "blank pattern": 'ou: /\nexempt: [{id: " "}]\n',
    "expires": "ou: /\nexempt: [{id: x, expires: soon}]\n",
    "expires in a month that is none": 'ou: /\nexempt: [{id: x, expires: "2027-13-01"}]\n',
    "channel": "ou: /\nnotify: {channel: costs}\n",
    "channel lost to a comment": "ou: /\nnotify:\n  channel: #costs\n",
    "quiet": "ou: /\nnotify: {quiet: shout}\n",
    "topic": "ou: /\nnotify: {sns: arn:aws:sns:eu-west-1:111122223333:costs.fifo}\n",
    "cron fields": "ou: /\nnotify: {digest: 9 * * mon}\n",
    "cron weekday by number": "ou: /\nnotify: {digest: 0 9 * * 1-5}\n",
    "time zone's form": "ou: /\nnotify: {timezone: Central European Time}\n",
    "unknown key of notify": "ou: /\nnotify: {chanel: C0123456789}\n",
    "hours without a time zone": "ou: /\nhours: {rests: [00:00-24:00]}\n",
    "hours without windows": "ou: /\nhours: {timezone: UTC}\n",
    "hours without a value": "ou: /\nhours:\n",
    "hours of both sorts": "ou: /\nhours: {rests: [mon 00:00-24:00], applies: [tue 00:00-24:00], timezone: UTC}\n",
    "window of an unknown day": "ou: /\nhours: {rests: [day 00:00-24:00], timezone: UTC}\n",
    "window at no time of day": "ou: /\nhours: {rests: [mon 00:00-24:30], timezone: UTC}\n",
    "holiday": "ou: /\nhours: {rests: [mon 00:00-24:00], timezone: UTC, holidays: [Christmas]}\n",
    "no stop at all": "ou: /\nlimits: {stops_per_sweep: 0}\n",
    "part of a stop": "ou: /\nlimits: {stops_per_sweep: 1.5}\n",
    "unknown limit": "ou: /\nlimits: {stops: 5}\n",
    "lock of no setting": "ou: /\nlocked: [ou]\n",
    "lock twice": "ou: /\nlocked: [mode, mode]\n",
    "locked that is no list": "ou: /\nlocked: mode\n",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_by_both(text: str) -> None:
    assert refused_by_loader(text)
    assert refused_by_schema(text)


@given(
    st.from_regex(durations.SHORT, fullmatch=True) | st.from_regex(durations.ISO, fullmatch=True)
)
def test_a_duration_is_one_to_both(text: str) -> None:
    try:
        right = durations.parse_duration(text) <= durations.LONGEST
    except ValueError as error:
        right = "longer than a year" in str(error)
    assert taken("duration", text) == right


@given(st.sampled_from([*hours.DAYS, "fri-mon", "sat,sun", "mon-wed,holiday", ""]), st.data())
def test_a_window_that_can_be_read_is_one_to_the_schema(days: str, data: st.DataObject) -> None:
    minutes = st.integers(0, hours.MIDNIGHT)
    start, end = data.draw(st.tuples(minutes, minutes).filter(lambda ends: ends[0] < ends[1]))
    text = f"{days} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}".strip()
    assert hours.parse_window(text).span == (start, end)
    assert taken("window", text)


def test_every_time_zone_looks_like_one() -> None:
    assert [zone for zone in available_timezones() if not taken("timezone", zone)] == []


def test_every_key_is_described() -> None:
    assert [path for path, found in keys(schema()) if not found.get("description")] == []


def keys(found: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a mapping of ours, below any other."""
    for name, each in found.items() if isinstance(found, dict) else ():
        if name == "properties" and not found.keys() >= {"additionalProperties"}:
            continue  # a condition
        if name == "properties":
            yield from ((f"{path}.{key}", value) for key, value in each.items())
        yield from keys(each, f"{path}.{name}")


def test_a_kind_is_told_with_its_defaults() -> None:
    for kind in all_kinds().values():
        found = pick(schema(), f"properties.kinds.properties.{kind.key}.properties")
        assert pick(found, "grace.default") == durations.spoken(kind.default_grace)
        assert (pick(found, "idle") is not None) == (kind.idle is not None)
