"""What is true of every set of policy files that is written, loaded, resolved and explained."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML, MappingNode, Node, ScalarNode, SequenceNode

from guardian.errors import InputError
from guardian.explain import explain
from guardian.ids import AccountId, OuPath, Region, Slug, ancestors
from guardian.kinds import all_kinds
from guardian.organization import Account, AccountState
from guardian.places import Position
from guardian.policy import inheritance
from guardian.policy.hours import Hours, parse_window
from guardian.policy.model import (
    ALL_ENABLED,
    Exemption,
    KindSettings,
    Limits,
    Mode,
    NotifySettings,
    Policy,
    PolicyFile,
    Quiet,
)
from guardian.policy.render import render
from guardian.policy.resolve import Governance, resolve
from guardian.policy.tightness import Change, compare
from tests.examples import examples
from tests.unit.policies import tree, written

TODAY = date(2026, 11, 23)
OUS = ("/", "/A", "/A/B", "/A/B/C", "/A/D", "/E", "/E/F G", "/E/H")
REGIONS = tuple(map(Region, ("eu-west-1", "eu-west-2", "us-east-1")))
WINDOWS = ("mon-fri 07:00-20:00", "sat,sun,holiday 00:00-24:00", "08:00-12:00", "tue 09:30-10:00")
some = examples(50)
"""Every example writes and reads files."""

SPANS = st.sampled_from([timedelta(minutes=minutes) for minutes in (1, 30, 90, 1440)])
HOURS = st.builds(
    Hours,
    st.sampled_from(["UTC", "Europe/London"]),
    st.lists(st.sampled_from(WINDOWS).map(parse_window), min_size=1, max_size=2, unique=True).map(
        tuple
    ),
    st.booleans(),
    st.lists(st.dates(TODAY, date(2027, 1, 3)), max_size=2, unique=True).map(tuple),
)
EXEMPTIONS = st.builds(
    Exemption,
    tags=st.dictionaries(st.sampled_from(["team", "guardian"]), st.sampled_from(["keep", "7"])),
    id=st.sampled_from(["a-*", "b"]),
    origin=st.sampled_from(["", "GlueStudio*"]),
    reason=st.text("ab c:#'\"", min_size=1, max_size=6).filter(str.strip),
    expires=st.none() | st.dates(TODAY, date(2027, 12, 31)),
)
LOCKS = (
    *("mode", "regions", "kinds", "exempt", "hours", "notify", "limits", "notify.channel"),
    *("kinds.glue-session", "kinds.glue-session.grace", "kinds.emr-cluster.max_age"),
)


def kind_settings(key: str) -> st.SearchStrategy[KindSettings]:
    spans = ("grace", "max_age", *(["idle"] if all_kinds()[key].idle else []))
    choices = {"mode": st.sampled_from(Mode), "hours": HOURS} | dict.fromkeys(spans, SPANS)
    return st.fixed_dictionaries({}, optional=choices).map(lambda said: KindSettings(**said))


KINDS = st.lists(
    st.sampled_from(["glue-session", "emr-cluster"]), max_size=2, unique=True
).flatmap(lambda keys: st.fixed_dictionaries({key: kind_settings(key) for key in keys}))
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(Mode),
        "regions": st.just((ALL_ENABLED,))
        | st.lists(st.sampled_from(REGIONS), min_size=1, unique=True).map(tuple),
        "kinds": KINDS,
        "exempt": st.lists(EXEMPTIONS, max_size=2).map(tuple),
        "hours": HOURS,
        "notify": st.builds(
            NotifySettings,
            st.none() | st.sampled_from(["#a", "#b-c"]),
            st.none() | st.just("0 9 * * mon-fri"),
            st.none() | st.sampled_from(["UTC", "Asia/Tokyo"]),
            st.none() | st.sampled_from(Quiet),
        ),
        "limits": st.builds(Limits, st.none() | st.integers(1, 3)),
    },
)
LOCKED = st.lists(st.sampled_from(LOCKS), max_size=2, unique=True).map(tuple)


def policy_file(ou: str, said: Mapping[str, object], locked: tuple[str, ...] = ()) -> PolicyFile:
    name = f"ou-{OUS.index(ou)}"
    bare = PolicyFile(f"{name}.yaml", Slug(name), ou, Position(f"{name}.yaml", 1, 1))
    return replace(bare, locked=locked, **said)  # type: ignore[arg-type]  # the fields of a file


def sets(locked: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[list[PolicyFile]]:
    file = st.builds(policy_file, st.sampled_from(OUS), BODIES, locked)
    return st.lists(file, min_size=1, max_size=5, unique_by=lambda each: each.ou).map(_complete)


def _complete(files: Sequence[PolicyFile]) -> list[PolicyFile]:
    """The files, with regions in every one that inherits none."""
    ous = {file.ou for file in files}
    return [
        file if ous & {*ancestors(OuPath(file.ou))[:-1]} else replace(file, regions=REGIONS[:2])
        for file in files
    ]


FREE, LOCKING = sets(st.just(())), sets(LOCKED)
ACCOUNTS = st.lists(
    st.builds(
        Account,
        st.integers(1, 99).map(lambda number: AccountId(f"{number:012}")),
        st.just("someone"),
        st.sampled_from(AccountState),
        st.sampled_from(OUS).map(OuPath),
    ),
    min_size=1,
    unique_by=lambda account: account.id,
)


def read_back(files: Sequence[PolicyFile]) -> tuple[PolicyFile, ...]:
    with TemporaryDirectory() as directory:
        return written(Path(directory), {file.slug: render(file) for file in files})


def policies(files: Sequence[PolicyFile]) -> Mapping[OuPath, Policy] | None:
    """What holds for each OU with a file, None for a set that is refused."""
    try:
        governance = resolve(files, tree(OUS), TODAY)
    except InputError:
        return None
    return {policy.ou: replace(policy, file="") for policy in governance.policies}


def effective(governance: Governance, account: Account) -> tuple[object, ...] | None:
    """What holds for an account, whatever the policy is called."""
    slug = governance.policy_of.get(account.id)
    found = next((policy for policy in governance.policies if policy.slug == slug), None)
    return (found.regions, found.rules, found.notify, found.limits) if found else None


@some
@given(FREE, ACCOUNTS)
def test_every_account_has_one_policy_or_a_reason_why_it_has_none(
    files: list[PolicyFile], accounts: list[Account]
) -> None:
    governance = resolve(files, tree(OUS, *accounts), TODAY)
    governed, ungoverned = set(governance.policy_of), set(governance.ungoverned)
    assert not governed & ungoverned
    assert governed | ungoverned == {a.id for a in accounts}
    assert all(governance.ungoverned.values())
    assert set(governance.regions) == governed
    slugs = [policy.slug for policy in governance.policies]
    assert sorted(slugs) == sorted(file.slug for file in files)
    assert set(governance.policy_of.values()) <= set(slugs)


@some
@given(FREE, ACCOUNTS, st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(
    files: list[PolicyFile], accounts: list[Account], order: random.Random
) -> None:
    loaded, organization = read_back(files), tree(OUS, *accounts)
    shuffled = order.sample(loaded, len(loaded))
    governance = resolve(loaded, organization, TODAY)
    assert resolve(shuffled, organization, TODAY) == governance
    for account in accounts:
        told = explain(account, loaded, organization, governance)
        assert explain(account, shuffled, organization, governance) == told


@some
@given(FREE, ACCOUNTS, st.sampled_from(OUS))
def test_a_file_changes_nothing_outside_its_ou(
    files: list[PolicyFile], accounts: list[Account], ou: str
) -> None:
    organization = tree(OUS, *accounts)
    others = _complete([file for file in files if file.ou != ou])
    extra = policy_file(ou, {"regions": REGIONS, "exempt": (Exemption(id="new"),)})
    before, after = (resolve(each, organization, TODAY) for each in (others, [*others, extra]))
    for account in accounts:
        inside = OuPath(ou) in ancestors(account.ou) and account.state is AccountState.ACTIVE
        assert (effective(after, account) != effective(before, account)) is inside


@some
@given(LOCKING, st.data())
def test_one_more_lock_changes_no_policy_and_lets_no_refused_set_pass(
    files: list[PolicyFile], data: st.DataObject
) -> None:
    chosen = data.draw(st.sampled_from(files))
    lock = data.draw(st.sampled_from(LOCKS))
    locks = tuple(dict.fromkeys((*chosen.locked, lock)))
    more = [replace(file, locked=locks) if file is chosen else file for file in files]
    before, after = policies(read_back(files)), policies(read_back(more))
    assert after is None or after == before


@some
@given(LOCKING)
def test_a_set_is_refused_when_something_locked_is_looser_and_only_then(
    files: list[PolicyFile],
) -> None:
    loaded = read_back(files)
    free = policies([replace(file, locked=()) for file in loaded])
    assert free is not None
    loosened = [name for file in loaded for name in loosened_by(file, loaded, free)]
    added = any(kinds_added(file, loaded, free) for file in loaded)
    found = policies(loaded)
    if found is None:
        assert loosened or added
    else:
        assert found == free
        assert loosened == []


def loosened_by(
    file: PolicyFile, files: Sequence[PolicyFile], found: Mapping[OuPath, Policy]
) -> Iterator[str]:
    """The locked settings that are looser in this file's policy than in that of the nearest one above."""
    above = files_above(file, files)
    if not above:
        return
    old, new = (inheritance.settings(found[OuPath(f.ou)]) for f in (above[-1], file))
    for name in old:
        locked = any(covers(lock, name) for other in above for lock in other.locked)
        fine = name in new and compare(name, old[name], new[name]) in {Change.SAME, Change.TIGHTER}
        if locked and not fine:
            yield name


def kinds_added(
    file: PolicyFile, files: Sequence[PolicyFile], found: Mapping[OuPath, Policy]
) -> bool:
    nearest = [*files_above(file, files), file][-2:]
    old, new = (kinds_of(found[OuPath(each.ou)]) for each in (nearest[0], file))
    return bool(new - old)


def kinds_of(policy: Policy) -> set[str]:
    return {rule.kind.key for rule in policy.rules}


def files_above(file: PolicyFile, files: Sequence[PolicyFile]) -> list[PolicyFile]:
    """From the root down."""
    by_ou = {each.ou: each for each in files}
    return [by_ou[ou] for ou in ancestors(OuPath(file.ou))[:-1] if ou in by_ou]


def covers(lock: str, name: str) -> bool:
    return f"{name}.".startswith(f"{lock}.") or (
        lock in {"mode", "hours"} and name.endswith(f".{lock}")
    )


@some
@given(FREE)
def test_every_setting_stands_where_it_is_explained_to_come_from(files: list[PolicyFile]) -> None:
    organization = tree(OUS)
    with TemporaryDirectory() as directory:
        loaded = written(Path(directory), {file.slug: render(file) for file in files})
        values = {file.file: composed(Path(file.file)) for file in loaded}
    governance = resolve(loaded, organization, TODAY)
    for account in organization.accounts:
        for said in explain(account, loaded, organization, governance).settings:
            if isinstance(said.source, Position):
                at = (said.source.line, said.source.column)
                key, value = values[said.source.file][at]
                assert key == said.setting.rpartition(".")[2]
                assert worded(value) == said.value


Plain = str | list["Plain"] | dict[str, "Plain"]


def composed(path: Path) -> dict[tuple[int, int], tuple[str, Plain]]:
    """Every value of a file, with its key, by line and column; by a YAML reader that is not guardian's."""
    return dict(_values("", YAML().compose(path)))


def _values(key: str, node: Node) -> Iterator[tuple[tuple[int, int], tuple[str, Plain]]]:
    if isinstance(node, MappingNode):
        for name, value in node.value:
            yield from _values(name.value, value)
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _values(f"{key}[{index}]", item)
    yield (node.start_mark.line + 1, node.start_mark.column + 1), (key, _plain(node))


def _plain(node: Node) -> Plain:
    if isinstance(node, MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_plain(item) for item in node.value]
    assert isinstance(node, ScalarNode)
    return str(node.value)


def worded(value: Plain) -> str:
    """A value of a file in the words of an explanation."""
    match value:
        case str():
            return value
        case list():
            return ", ".join(sorted(map(worded, value)))
        case {"reason": reason}:
            until = f" until {value['expires']}" if "expires" in value else ""
            return f"exempt: {reason}{until}"
        case dict():
            sort = "rests" if "rests" in value else "applies"
            windows, holidays = (_items(value.get(key, [])) for key in (sort, "holidays"))
            on = f", holidays {', '.join(holidays)}" if holidays else ""
            return f"{sort} {'; '.join(windows)} {worded(value['timezone'])}{on}"


def _items(value: Plain) -> list[str]:
    return [worded(item) for item in value] if isinstance(value, list) else []
