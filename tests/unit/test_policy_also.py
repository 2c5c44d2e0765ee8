"""`also` in policy files: how it adds up, what is refused, how it is explained."""

from datetime import date
from pathlib import Path

import pytest

from guardian.errors import InputError
from guardian.explain import explain
from guardian.ids import Slug
from guardian.policy.model import Also
from guardian.policy.resolve import resolve
from tests.unit.policies import tree, written

ROOT = "ou: /\nregions: [eu-west-1]\nkinds:\n  glue-session:\nalso:\n  - {start: first}\n"
BELOW = "ou: /Sandbox\nalso:\n  - {start: second}\n  - {start: first}\n"


def test_what_is_to_happen_adds_up_on_the_way_down_and_once_only(tmp_path: Path) -> None:
    files = written(tmp_path, {"root": ROOT, "sandbox": BELOW})
    governance = resolve(files, tree(["/Sandbox"]), date(2026, 11, 23))
    by_slug = {each.slug: each.also for each in governance.policies}
    assert by_slug[Slug("root")] == (Also(start="first"),)
    assert by_slug[Slug("sandbox")] == (Also(start="first"), Also(start="second"))


REFUSED = {
    "no target": (
        "{outcomes: [kept]}",
        "4:5: also[0]: give one of email, log, start, bus; nothing happens without",
    ),
    "two targets": (
        "{log: /a, start: b}",
        "4:5: also[0]: give one of email, log, start, bus; not log and start",
    ),
    "no address": (
        "{email: []}",
        "4:5: also[0]: give one of email, log, start, bus; nothing happens without",
    ),
    "address": (
        "{email: [team]}",
        "4:14: also[0].email: 'team' is not an address such as team@example.com",
    ),
    "dynamic reference": (
        '{email: ["{{resolve:ssm:x}}@example.com"]}',
        "4:14: also[0].email: '{{resolve:ssm:x}}@example.com' is not an address such as team@example.com",
    ),
    "log of AWS": (
        "{log: aws/x}",
        (
            "4:11: also[0].log: 'aws/x' is not a log group's name: letters, digits and . - _ / #, 480 at most, no "
            "slash at its end, and not in aws/, which is AWS's own"
        ),
    ),
    "retention of nothing": (
        "{start: a, retention: 30d}",
        "4:27: also[0].retention: only a log keeps something",
    ),
    "retention that is none": (
        "{log: /a, retention: 31d}",
        (
            "4:26: also[0].retention: CloudWatch Logs cannot keep for 31d, only for 1d, 3d, 5d, 7d, 14d, 30d, 60d, "
            "90d, 120d, 150d, 180d, 365d"
        ),
    ),
    "machine by its ARN": (
        "{start: 'arn:aws:states:eu-west-1:111122223333:stateMachine:after-stop'}",
        (
            "4:13: also[0].start: a rule can start only a state machine of its own account and region: write its name, "
            "after-stop, for all of them"
        ),
    ),
    "guardian's own": (
        "{start: guardian-sandbox-mail}",
        "4:13: also[0].start: 'guardian-sandbox-mail' would be one of guardian's own: an outcome would make outcomes",
    ),
    "bus": (
        "{bus: finops}",
        (
            "4:11: also[0].bus: 'finops' is not an event bus's ARN such as "
            "arn:aws:events:eu-west-1:111122223333:event-bus/finops"
        ),
    ),
    "default bus": (
        "{bus: 'arn:aws:events:eu-west-1:111122223333:event-bus/default'}",
        "4:11: also[0].bus: where the default bus is governed it would send to itself: name a bus of its own",
    ),
    "another partition": (
        "{bus: 'arn:aws-cn:events:cn-north-1:111122223333:event-bus/finops'}",
        "4:5: also: no event goes from eu-west-1 to arn:aws-cn:events:cn-north-1:111122223333:event-bus/finops",
    ),
    "outcome": (
        "{start: a, outcomes: [stoped]}",
        "4:27: also[0].outcomes: 'stoped' is not one of its values; did you mean stopped?",
    ),
    "kind": (
        "{start: a, kinds: [glue-sesion]}",
        "4:24: also[0].kinds: there is no kind 'glue-sesion'; did you mean glue-session?",
    ),
    "too many addresses": (
        f"{{email: [{', '.join(f'a{n}@example.com' for n in range(11))}]}}",
        "4:13: also[0].email: has 11 addresses; 10 at most",
    ),
}


@pytest.mark.parametrize(("entry", "problem"), list(REFUSED.values()), ids=list(REFUSED))
def test_a_mistake_is_told_with_its_place(tmp_path: Path, entry: str, problem: str) -> None:
    text = f"ou: /\nregions: [eu-west-1]\nalso:\n  - {entry}\n"
    with pytest.raises(InputError) as refused:
        resolve(written(tmp_path, {"root": text}), tree(["/"]), date(2026, 11, 23))
    assert [str(each) for each in refused.value.problems] == [f"{tmp_path}/root.yaml:{problem}"]


def test_more_entries_than_ten_are_refused(tmp_path: Path) -> None:
    entries = "".join(f"  - {{start: a{n}}}\n" for n in range(11))
    with pytest.raises(InputError, match="also: has 11 entries; 10 at most"):
        written(tmp_path, {"root": f"ou: /\nalso:\n{entries}"})


def test_a_lock_on_what_only_adds_up_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'also' cannot be locked, and need not be"):
        written(tmp_path, {"root": "ou: /\nlocked: [also]\n"})


def test_a_kind_that_is_not_governed_is_warned_of(tmp_path: Path) -> None:
    text = ROOT.replace("{start: first}", "{start: first, kinds: [emr-cluster]}")
    found = resolve(written(tmp_path, {"root": text}), tree(["/"]), date(2026, 11, 23))
    (warning,) = found.warnings
    assert warning.message == "also[0].kinds: not governed here: emr-cluster"


def test_each_entry_is_explained_with_its_place(tmp_path: Path) -> None:
    files = written(tmp_path, {"root": ROOT, "sandbox": BELOW})
    organization = tree(["/Sandbox"])
    account = next(a for a in organization.accounts if a.ou == "/Sandbox")
    governance = resolve(files, organization, date(2026, 11, 23))
    told = explain(account, files, organization, governance).settings
    found = [(s.value, str(s.source)) for s in told if s.setting.startswith("also")]
    assert found == [
        ("start first on stopped, would_stop, failed", f"{tmp_path}/root.yaml:6:5"),
        ("start second on stopped, would_stop, failed", f"{tmp_path}/sandbox.yaml:3:5"),
        ("start first on stopped, would_stop, failed", f"{tmp_path}/sandbox.yaml:4:5"),
    ]
