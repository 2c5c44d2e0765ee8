"""Locked settings: files below may tighten them, whatever way they try to loosen them."""

from datetime import date
from pathlib import Path

import pytest

from guardian.errors import InputError
from guardian.kinds import default_kinds
from guardian.policy.resolve import resolve
from tests.unit.policies import tree, written

REGIONS = "regions: [eu-west-1, us-east-1]"
RESTS = 'hours: {rests: ["mon-fri 09:00-17:00"], timezone: UTC}'
EVERY_KIND = f"kinds: {{{', '.join(f'{key}: ' for key in default_kinds())}}}"
OTHER_HOURS = "differs from rests mon 09:00-10:00 UTC"
KINDS = len(default_kinds())
OUS = ("/A", "/A/B", "/A/B/C", "/E")


def problems(directory: Path, *bodies: str) -> list[str]:
    """What is wrong with a chain of files that say these things, from the root down."""
    ous = ("/", *OUS[: len(bodies) - 1])
    names = ("root", "a", "b", "c")
    texts = {
        name: f"ou: {ou}\n{REGIONS if ou == '/' and 'regions:' not in body else ''}\n{body}\n"
        for name, ou, body in zip(names, ous, bodies, strict=False)
    }
    files = written(directory, texts)
    try:
        resolve(files, tree(OUS), date(2026, 11, 23))
    except InputError as error:
        return [problem.replace(f"{directory.as_posix()}/", "") for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("lock", "above", "below"),
    [
        ("mode", "mode: observe", "mode: stop"),
        ("mode", "kinds: {glue-session: {mode: observe}}", "mode: stop"),
        ("mode", "mode: stop", EVERY_KIND),
        ("kinds", "kinds: {glue-session: {grace: 2h}}", "kinds: {glue-session: {grace: 1h}}"),
        ("kinds", "kinds: {glue-session: }", "kinds: {emr-cluster: {idle: 9h, mode: observe}}"),
        ("kinds.emr-cluster.idle", "", "kinds: {emr-cluster: {idle: 30m}}"),
        ("kinds.emr-cluster", "", "kinds: {emr-cluster: {max_age: 1d}}"),
        ("kinds.glue-session.grace", "", "kinds: {glue-session: {grace: 1m, mode: observe}}"),
        ("regions", "regions: [eu-west-1]", "regions: [us-east-1, eu-west-1]"),
        ("regions", "regions: [eu-west-1]", "regions: all-enabled"),
        ("hours", RESTS, 'hours: {rests: ["mon-fri 10:00-12:00"], timezone: UTC}'),
        ("hours", RESTS, 'hours: {applies: ["00:00-24:00"], timezone: Asia/Tokyo}'),
        ("limits", "limits: {stops_per_sweep: 9}", "limits: {stops_per_sweep: 8}"),
        ("limits", "", "limits: {stops_per_sweep: 100}"),
        ("exempt", "exempt: [{id: a}, {id: b}]", "exempt: [{id: b}]"),
        ("notify", 'notify: {channel: "#a"}', 'notify: {channel: "#a"}'),
        ("notify.channel", 'notify: {channel: "#a"}', "notify: {timezone: Asia/Tokyo}"),
    ],
)
def test_a_locked_setting_may_be_tightened_and_others_changed(
    tmp_path: Path, lock: str, above: str, below: str
) -> None:
    assert problems(tmp_path, f"{above}\nlocked: [{lock}]", below) == []


@pytest.mark.parametrize(
    ("lock", "above", "below", "expected"),
    [
        (
            "mode",
            "mode: stop",
            "mode: observe",
            f"a.yaml:3:7: mode of {KINDS} kinds: observe is looser than stop (root.yaml:3:7)",
        ),
        (
            "mode",
            "mode: stop",
            "kinds: {glue-session: {mode: observe}}",
            "a.yaml:3:30: kinds.glue-session.mode: observe is looser than stop (root.yaml:3:7)",
        ),
        (
            "kinds.glue-session.mode",
            "kinds: {glue-session: {mode: stop}}",
            "mode: observe",
            "a.yaml:3:7: kinds.glue-session.mode: observe is looser than stop (root.yaml:3:30)",
        ),
        (
            "kinds.glue-session.grace",
            "kinds: {glue-session: {grace: 10m}}",
            "kinds: {glue-session: {grace: 11m}}",
            "a.yaml:3:31: kinds.glue-session.grace: 11m is looser than 10m (root.yaml:3:31)",
        ),
        (
            "kinds.glue-session",
            "",
            "kinds: {glue-session: {grace: 31m}}",
            "a.yaml:3:31: kinds.glue-session.grace: 31m is looser than 30m (a default)",
        ),
        (
            "kinds",
            "kinds: {emr-cluster: {max_age: 1d}}",
            "kinds: {emr-cluster: {max_age: 2d}}",
            "a.yaml:3:32: kinds.emr-cluster.max_age: 2d is looser than 1d (root.yaml:3:32)",
        ),
        (
            "kinds",
            "kinds: {emr-cluster: }",
            RESTS,
            "a.yaml:3:8: kinds.emr-cluster.hours: rests mon-fri 09:00-17:00 UTC is looser than none (a default)",
        ),
        (
            "hours",
            'hours: {rests: ["mon 09:00-10:00"], timezone: UTC}',
            'hours: {rests: ["sat 09:00-10:00"], timezone: UTC}',
            f"a.yaml:3:8: hours of {KINDS} kinds: rests sat 09:00-10:00 UTC {OTHER_HOURS} (root.yaml:3:8)",
        ),
        (
            "regions",
            "regions: all-enabled",
            "regions: [eu-west-1]",
            "a.yaml:3:10: regions: eu-west-1 is looser than all-enabled (root.yaml:3:10)",
        ),
        (
            "regions",
            "regions: [eu-west-1, us-east-1]",
            "regions: [eu-west-1, us-east-2]",
            "a.yaml:3:10: regions: eu-west-1, us-east-2 differs from eu-west-1, us-east-1 (root.yaml:3:10)",
        ),
        (
            "limits",
            "limits: {stops_per_sweep: 9}",
            "limits: {stops_per_sweep: 10}",
            "a.yaml:3:27: limits.stops_per_sweep: 10 is looser than 9 (root.yaml:3:27)",
        ),
        (
            "notify",
            "notify: {digest: 0 9 * * mon}",
            "notify: {digest: 0 9 * * tue}",
            "a.yaml:3:18: notify.digest: 0 9 * * tue differs from 0 9 * * mon (root.yaml:3:18)",
        ),
        (
            "notify.timezone",
            "",
            "notify: {timezone: Asia/Tokyo}",
            "a.yaml:3:20: notify.timezone: Asia/Tokyo differs from UTC (a default)",
        ),
        (
            "exempt",
            "exempt: [{id: a}]",
            "exempt: [{id: a}, {id: a*}]",
            "a.yaml:3:19: exempt[1]: one more exemption",
        ),
        (
            "exempt",
            "exempt: [{id: a, expires: 2027-01-01}]",
            "exempt: [{id: a, expires: 2028-01-01}]",
            "a.yaml:3:10: exempt[0]: one more exemption",
        ),
    ],
)
def test_a_locked_setting_that_is_loosened_is_told_with_both_places(
    tmp_path: Path, lock: str, above: str, below: str, expected: str
) -> None:
    found = problems(tmp_path, f"{above}\nlocked: [{lock}]", below)
    assert f"{expected}, locked at root.yaml:4:10" in found


@pytest.mark.parametrize("lock", ["mode", "hours", "kinds", "kinds.emr-cluster.grace"])
def test_naming_other_kinds_does_not_get_one_out_of_a_lock(tmp_path: Path, lock: str) -> None:
    (found,) = problems(tmp_path, f"mode: stop\nlocked: [{lock}]", "kinds: {glue-session: }")
    assert found.startswith("a.yaml:3:8: kinds: governed above and left out here: ")
    assert "emr-cluster" in found
    assert found.endswith("; locked at root.yaml:4:10")


def test_kinds_that_were_named_above_need_not_be_named_again(tmp_path: Path) -> None:
    above = "mode: stop\nkinds: {emr-cluster: }\nlocked: [mode, kinds]"
    assert problems(tmp_path, above, "kinds: {glue-session: }") == []


@pytest.mark.parametrize("lock", ["regions", "exempt", "notify", "limits"])
def test_kinds_may_be_left_out_where_the_lock_is_on_something_else(
    tmp_path: Path, lock: str
) -> None:
    assert problems(tmp_path, f"locked: [{lock}]", "kinds: {glue-session: }") == []


@pytest.mark.parametrize(
    ("lock", "above", "below", "expected"),
    [
        ("mode", "mode: stop", "mode: observe", "observe is looser than stop (root.yaml:3:7)"),
        ("hours", "", f"{RESTS}", "rests mon-fri 09:00-17:00 UTC is looser than none (a default)"),
        ("kinds.emr-cluster.grace", "", "grace: 1h", "1h is looser than 0s (a default)"),
    ],
)
def test_a_kind_named_for_the_first_time_heeds_the_locks_that_speak_of_it(
    tmp_path: Path, lock: str, above: str, below: str, expected: str
) -> None:
    body = f"{above}\nkinds: {{glue-session: }}\nlocked: [{lock}]"
    (problem,) = problems(tmp_path, body, f"kinds: {{emr-cluster: {{{below}}}}}")
    assert f"kinds.emr-cluster.{lock.rpartition('.')[2]}: {expected}" in problem


def test_a_file_is_free_of_its_own_lock(tmp_path: Path) -> None:
    assert problems(tmp_path, "mode: stop", "mode: observe\nlocked: [mode]") == []


def test_a_lock_holds_all_the_way_down_and_cannot_be_lifted(tmp_path: Path) -> None:
    found = problems(
        tmp_path, "mode: stop\nlocked: [mode]", "locked: []", "locked: [regions]", "mode: observe"
    )
    change = "observe is looser than stop (root.yaml:3:7)"
    assert found == [f"c.yaml:3:7: mode of {KINDS} kinds: {change}, locked at root.yaml:4:10"]


def test_a_tightened_setting_may_not_go_back_to_what_the_lock_began_with(tmp_path: Path) -> None:
    graces = [f"kinds: {{glue-session: {{grace: {grace}}}}}" for grace in ("1h", "5m", "1h")]
    (found,) = problems(tmp_path, f"{graces[0]}\nlocked: [kinds]", *graces[1:])
    assert "b.yaml:3:31" in found
    assert "1h is looser than 5m (a.yaml:3:31)" in found


def test_a_lock_binds_only_what_lies_below(tmp_path: Path) -> None:
    texts = {
        "root": f"ou: /\nmode: stop\n{REGIONS}",
        "a": "ou: /A\nlocked: [mode]",
        "e": "ou: /E\nmode: observe",
    }
    files = written(tmp_path, texts)
    assert len(resolve(files, tree(OUS), date(2026, 11, 23)).policies) == 3
