"""What a change of policies means for the accounts of an organization."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.diff import Governed, Policies, PolicyDiff, Released, diff
from guardian.ids import AccountId, OuId, OuPath, Region, Slug
from guardian.organization import Account, AccountState, Organization
from guardian.places import Position
from guardian.policy.changes import SettingChange
from guardian.policy.hours import Hours, parse_window
from guardian.policy.inheritance import settings
from guardian.policy.load import parse_policies
from guardian.policy.model import (
    ALL_ENABLED,
    Exemption,
    KindSettings,
    Limits,
    Mode,
    NotifySettings,
    PolicyFile,
)
from guardian.policy.resolve import resolve
from guardian.policy.tightness import Change, compare
from guardian.terminal import change

TODAY = date(2026, 11, 23)
IRELAND, VIRGINIA = Region("eu-west-1"), Region("us-east-1")
OUS = ("/", "/Sandbox", "/Workloads", "/Workloads/Data", "/Workloads/Data/Production")
WORKLOADS = """\
ou: /Workloads
regions: [eu-west-1, us-east-1]
kinds:
  glue-session: {grace: 1h}
  emr-cluster: {idle: 1h}
exempt:
  - tags: {guardian: keep}
"""


def account(number: int, ou: str, state: AccountState = AccountState.ACTIVE) -> Account:
    return Account(AccountId(f"{number:012}"), f"team-{number}", state, OuPath(ou))


def organization(*accounts: Account) -> Organization:
    ous = {OuPath(path): OuId(f"ou-ab12-{number:08}") for number, path in enumerate(OUS)}
    return Organization("o-exampleorgid", AccountId("999999999999"), ous, accounts)


def read(texts: Mapping[str, str]) -> tuple[PolicyFile, ...]:
    named = ((f"policies/{name}.yaml", text.encode()) for name, text in texts.items())
    return parse_policies(named)


def policies(files: tuple[PolicyFile, ...], tree: Organization) -> Policies:
    return Policies(files, resolve(files, tree, TODAY))


def told(old: Mapping[str, str], new: Mapping[str, str], *accounts: Account) -> list[str]:
    tree = organization(*accounts)
    made = diff(policies(read(old), tree), policies(read(new), tree), tree)
    return list(change.lines(made))


def said_of(old: str, new: str) -> list[str]:
    """What is told of the one policy's settings."""
    lines = told({"workloads": old}, {"workloads": new}, account(1, "/Workloads"))
    return [line.removeprefix("  - ") for line in lines if line.startswith("  - ")]


def test_what_becomes_stricter_and_looser_is_told_setting_by_setting() -> None:
    new = WORKLOADS.replace("grace: 1h", "grace: 30m, mode: stop").replace("idle: 1h", "idle: 2h")
    assert said_of(WORKLOADS, new) == [
        "kinds.emr-cluster.idle 1h -> 2h (looser)",
        "glue-session is stopped now, it was only observed (stricter)",
        "kinds.glue-session.grace 1h -> 30m (stricter)",
    ]


def test_what_changes_alike_for_several_kinds_is_one_line() -> None:
    assert said_of(WORKLOADS, f"{WORKLOADS}mode: stop\n") == [
        "emr-cluster, glue-session are stopped now, they were only observed (stricter)"
    ]
    resting = "hours: {rests: [sat-sun 00:00-24:00], timezone: UTC}\n"
    assert said_of(WORKLOADS, WORKLOADS + resting) == [
        "hours none -> rests sat-sun 00:00-24:00 UTC for emr-cluster, glue-session (looser)"
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  emr-cluster: {idle: 1h}\n", "", ["emr-cluster is governed no more (looser)"]),
        (
            "  emr-cluster: {idle: 1h}\n",
            "  emr-cluster: {idle: 1h}\n  sagemaker-notebook: {grace: 4h}\n",
            ["sagemaker-notebook is governed now: mode observe, grace 4h (stricter)"],
        ),
        (
            "[eu-west-1, us-east-1]",
            "[eu-west-1, eu-north-1, eu-west-3]",
            ["regions + eu-north-1, eu-west-3 (stricter)", "regions - us-east-1 (looser)"],
        ),
        (
            "[eu-west-1, us-east-1]",
            "all-enabled",
            ["regions eu-west-1, us-east-1 -> all-enabled (stricter)"],
        ),
        (
            "- tags: {guardian: keep}\n",
            '- id: "prod-*"\n    reason: pipelines\n',
            [
                'exempt + `id prod-*, because of "pipelines"` (looser)',
                "exempt - `tag guardian=keep` (stricter)",
            ],
        ),
        (
            "exempt:",
            'notify: {channel: "#costs"}\nexempt:',
            ["notify.channel none -> `#costs`"],
        ),
        (
            "exempt:",
            "limits: {stops_per_sweep: 5}\nexempt:",
            ["limits.stops_per_sweep none -> 5 (stricter)"],
        ),
        (
            "exempt:",
            "also: [{email: [a@example.com], outcomes: [failed]}, {start: b, kinds: [emr-cluster]}]\nexempt:",
            [
                "also + `email a@example.com on failed`",
                "also + start b on stopped, would_stop, failed of emr-cluster",
            ],
        ),
        ("us-east-1]", "us-east-1]  # and a comment", []),
        ("[eu-west-1, us-east-1]", "[us-east-1, eu-west-1]", []),
    ],
)
def test_a_change_is_told_in_words(old: str, new: str, words: list[str]) -> None:
    assert said_of(WORKLOADS, WORKLOADS.replace(old, new)) == words


def test_accounts_that_become_governed_or_are_no_more_are_named() -> None:
    data = {"data": WORKLOADS.replace("/Workloads", "/Workloads/Data")}
    lab = {"sandbox": WORKLOADS.replace("/Workloads", "/Sandbox")}
    accounts = [account(1, "/Workloads/Data"), account(2, "/Sandbox"), account(3, "/Sandbox")]
    reason = "no policy for /Workloads/Data or an OU above it"
    assert told(data, lab, *accounts) == [
        "- policy data is gone, it was for /Workloads/Data",
        "- policy sandbox is new, for /Sandbox",
        "- 2 accounts become governed by sandbox: team-2 (000000000002), team-3 (000000000003)",
        f"- 1 account is governed by data no more: team-1 (000000000001); {reason}",
        "",
        "3 of 3 accounts change",
    ]


def test_another_policy_with_the_same_settings_is_told_as_that() -> None:
    lines = told({"a": WORKLOADS}, {"b": WORKLOADS}, account(1, "/Workloads/Data"))
    who = "team-1 (000000000001)"
    moved = f"from policy a to b, and no setting changes: {who}"
    assert f"- 1 account under /Workloads/Data changes {moved}" in lines


def test_ten_thousand_accounts_are_a_few_lines() -> None:
    accounts = [account(n, OUS[n % 3 + 2]) for n in range(10_000)]
    below = {"data": "ou: /Workloads/Data\nmode: stop\n"}
    old = {"workloads": WORKLOADS} | below
    new = {"workloads": WORKLOADS.replace("grace: 1h", "grace: 2h")} | below
    lines = told(old, new, *accounts)
    assert len(lines) == 4
    assert lines[0].startswith("- 10000 accounts under /Workloads (policies data, workloads): ")
    assert lines[0].endswith(" and 9995 more")
    assert lines[0].count("team-") == 5
    assert lines[1:] == [
        "  - kinds.glue-session.grace 1h -> 2h (looser)",
        "",
        "10000 of 10000 accounts change",
    ]


def test_a_policy_without_accounts_is_told_too() -> None:
    lines = told({"a": WORKLOADS}, {"a": WORKLOADS.replace("idle: 1h", "idle: 2h")})
    assert lines[0] == "- no accounts under /Workloads (policy a)"
    assert lines[-1] == "0 of 0 accounts change"


def test_locks_are_told() -> None:
    locked = f"{WORKLOADS}locked: [mode, regions]\n"
    other = f"{WORKLOADS}locked: [mode, kinds]\n"
    assert told({"a": locked}, {"a": other}, account(1, "/Workloads"))[:2] == [
        "- policy a locks kinds (stricter)",
        "- policy a no longer locks regions (looser)",
    ]


def test_foreign_text_is_no_markdown() -> None:
    hostile = replace(account(1, "/Workloads"), name="@org/all *`x`*\u202e")
    lines = told({}, {"a": WORKLOADS}, hostile)
    assert "``@org/all *`x`*?`` (000000000001)" in lines[1]


def filed(ou: str, **said: object) -> PolicyFile:
    name = ou.strip("/").replace("/", "-").lower() or "root"
    file = f"policies/{name}.yaml"
    bare = PolicyFile(file, Slug(name), ou, Position(file, 1, 1))
    return replace(bare, **said)  # type: ignore[arg-type]  # the test's own keywords


# Of each setting a few values, so that files often agree.
SPANS = st.none() | st.sampled_from([timedelta(hours=1), timedelta(hours=2)])
WINDOWS = [parse_window(text) for text in ("mon-fri 07:00-20:00", "mon-sun 07:00-20:00")]
HOURS = st.none() | st.builds(
    Hours, st.just("UTC"), st.sampled_from(WINDOWS).map(lambda window: (window,)), st.booleans()
)
MODES = st.none() | st.sampled_from(Mode)
KINDS = st.dictionaries(
    st.sampled_from(["glue-session", "emr-cluster"]),
    st.builds(KindSettings, mode=MODES, grace=SPANS, max_age=SPANS, hours=HOURS),
)
REGIONS = st.sampled_from([(IRELAND,), (VIRGINIA,), (IRELAND, VIRGINIA), (ALL_ENABLED,)])
FILES = st.lists(
    st.builds(
        filed,
        st.sampled_from(OUS),
        mode=MODES,
        regions=REGIONS,
        kinds=KINDS,
        exempt=st.lists(st.sampled_from("xyz").map(lambda i: Exemption(id=i))).map(tuple),
        notify=st.builds(NotifySettings, channel=st.none() | st.just("#costs")),
        limits=st.builds(Limits, st.none() | st.integers(1, 2)),
    ),
    max_size=3,
    unique_by=lambda file: file.ou,
).map(tuple)
TREES = st.lists(
    st.builds(account, st.integers(1, 99), st.sampled_from(OUS), st.sampled_from(AccountState)),
    max_size=6,
    unique_by=lambda member: member.id,
).map(lambda members: organization(*members))


@given(FILES, TREES)
def test_nothing_changes_between_equals(files: tuple[PolicyFile, ...], tree: Organization) -> None:
    made = diff(policies(files, tree), policies(files[::-1], tree), tree)
    assert made.empty
    assert list(change.lines(made)) == [f"0 of {len(tree.accounts)} accounts change"]


@given(FILES, FILES, TREES)
def test_every_account_is_told_once_with_all_that_changes_for_it(
    before: tuple[PolicyFile, ...], after: tuple[PolicyFile, ...], tree: Organization
) -> None:
    old, new = policies(before, tree), policies(after, tree)
    made = diff(old, new, tree)
    stays = {
        member: {each.setting for each in found} for member, found in by_account(made).items()
    }
    moves = [*by_policy(made.governed), *by_policy(made.released)]
    assert made.accounts == len(stays) + len(moves)
    for member in tree.accounts:
        slugs = [side.governance.policy_of.get(member.id) for side in (old, new)]
        if None in slugs:
            assert [m for m, _ in moves].count(member.id) == (slugs != [None, None])
        else:
            assert stays.get(member.id, set()) == changing(member.id, old, new)


def changing(member: AccountId, *sides: Policies) -> set[str]:
    """The settings that change for a governed account, found for it alone."""
    before, after = (
        settings(next(p for p in side.governance.policies if p.slug == slug))
        for side in sides
        for slug in [side.governance.policy_of[member]]
    )
    both = before.keys() & after.keys()
    lone = {name.rpartition(".")[0] for name in before.keys() ^ after.keys()}
    return lone | {n for n in both if compare(n, before[n], after[n]) is not Change.SAME}


OPPOSITE = {Change.TIGHTER: Change.LOOSER, Change.LOOSER: Change.TIGHTER}


@given(FILES, FILES, TREES)
def test_the_way_back_is_the_opposite(
    before: tuple[PolicyFile, ...], after: tuple[PolicyFile, ...], tree: Organization
) -> None:
    old, new = policies(before, tree), policies(after, tree)
    there, back = diff(old, new, tree), diff(new, old, tree)
    assert by_account(there) == {
        member: {opposite(each) for each in found} for member, found in by_account(back).items()
    }
    assert by_policy(there.governed) == by_policy(back.released)
    assert by_policy(there.released) == by_policy(back.governed)


def opposite(each: SettingChange) -> SettingChange:
    return SettingChange(each.setting, each.new, each.old, OPPOSITE.get(each.change, each.change))


def by_account(made: PolicyDiff) -> dict[AccountId, set[SettingChange]]:
    return {member.id: set(group.settings) for group in made.changed for member in group.accounts}


def by_policy(groups: Iterable[Governed | Released]) -> set[tuple[AccountId, Slug]]:
    return {(member.id, group.policy) for group in groups for member in group.accounts}
