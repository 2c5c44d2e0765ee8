"""What holds for an account: inheritance down the tree of OUs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from guardian.errors import InputError
from guardian.ids import AccountId, OuId, OuPath, Region, Slug
from guardian.kinds import default_kinds
from guardian.organization import (
    ENABLED_BY_DEFAULT,
    Account,
    AccountState,
    ManagementAccount,
    Organization,
)
from guardian.places import Position
from guardian.policy.model import (
    ALL_ENABLED,
    Exemption,
    KindSettings,
    Mode,
    Notify,
    NotifySettings,
    Policy,
    PolicyFile,
    Quiet,
    Rule,
)
from guardian.policy.resolve import resolve
from tests.unit.policies import written

TODAY = date(2026, 11, 23)
MANAGEMENT = AccountId("999999999999")
PATHS = ["/", "/A", "/A/B", "/A/B/C", "/A/D", "/E", "/E/F"]
IRELAND, VIRGINIA = Region("eu-west-1"), Region("us-east-1")


def policy_file(ou: str, **settings: object) -> PolicyFile:
    name = ou.strip("/").replace("/", "-").lower() or "root"
    file = f"policies/{name}.yaml"
    bare = PolicyFile(file=file, slug=Slug(name), ou=ou, ou_position=Position(file, 1, 5))
    return replace(bare, **settings)  # type: ignore[arg-type]  # the test's own keywords


def account(number: int, ou: str, state: AccountState = AccountState.ACTIVE) -> Account:
    return Account(AccountId(f"{number:012}"), f"account-{number}", state, OuPath(ou))


def organization(*accounts: Account) -> Organization:
    ous = {OuPath(path): OuId(f"ou-ab12-{n:08}") for n, path in enumerate(PATHS[1:], 1)}
    ous[OuPath("/")] = OuId("r-ab12")
    return Organization("o-exampleorgid", MANAGEMENT, ous, accounts)


def policies(*files: PolicyFile) -> Mapping[str, Policy]:
    governance = resolve(files, organization(), TODAY)
    return {policy.ou: policy for policy in governance.policies}


def rule(policy: Policy, kind: str) -> Rule:
    return next(rule for rule in policy.rules if rule.kind.key == kind)


def test_the_nearest_value_wins_setting_by_setting() -> None:
    glue = "glue-session"
    found = policies(
        policy_file(
            "/A",
            regions=(VIRGINIA, IRELAND),
            kinds={glue: KindSettings(grace=timedelta(hours=1)), "emr-cluster": KindSettings()},
            notify=NotifySettings(channel="#all", timezone="Europe/London", quiet=Quiet.SKIP),
        ),
        policy_file(
            "/A/B",
            mode=Mode.STOP,
            kinds={glue: KindSettings(grace=timedelta(minutes=5))},
            notify=NotifySettings(channel="#b"),
        ),
        policy_file("/A/B/C", regions=(IRELAND,)),
    )
    assert found["/A"].regions == (IRELAND, VIRGINIA)
    assert found["/A/B/C"].regions == (IRELAND,)
    assert rule(found["/A"], glue).grace == timedelta(hours=1)
    assert rule(found["/A/B/C"], glue).grace == timedelta(minutes=5)
    assert rule(found["/A/B/C"], "emr-cluster").mode is Mode.STOP
    assert rule(found["/A"], glue).mode is Mode.OBSERVE
    assert found["/A/B/C"].notify == Notify("#b", Notify().digest, "Europe/London", Quiet.SKIP)


def test_what_nobody_says_is_the_kinds_default() -> None:
    policy = policies(policy_file("/", regions=(IRELAND,)))["/"]
    assert [r.kind for r in policy.rules] == list(default_kinds().values())
    for r in policy.rules:
        assert (r.mode, r.grace, r.idle) == (
            Mode.OBSERVE,
            r.kind.default_grace,
            r.kind.default_idle,
        )


def test_only_named_kinds_are_governed_once_a_file_on_the_path_names_any() -> None:
    found = policies(
        policy_file("/", regions=(IRELAND,)),
        policy_file("/A", kinds={"glue-session": KindSettings()}),
        policy_file("/A/B", kinds={"emr-cluster": KindSettings()}),
    )
    keys = {ou: [r.kind.key for r in policy.rules] for ou, policy in found.items()}
    assert keys["/"] == list(default_kinds())
    assert keys["/A"] == ["glue-session"]
    assert keys["/A/B"] == ["emr-cluster", "glue-session"]


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ((Mode.OBSERVE, None), (Mode.STOP, None), Mode.STOP),
        ((None, Mode.OBSERVE), (Mode.STOP, None), Mode.STOP),
        ((Mode.STOP, None), (None, Mode.OBSERVE), Mode.OBSERVE),
        ((None, Mode.STOP), (None, None), Mode.STOP),
        ((None, None), (Mode.STOP, Mode.OBSERVE), Mode.OBSERVE),
        ((None, None), (None, None), Mode.OBSERVE),
    ],
)
def test_the_nearest_file_that_speaks_of_a_mode_wins_and_in_it_the_kind(
    above: tuple[Mode | None, Mode | None],
    below: tuple[Mode | None, Mode | None],
    expected: Mode,
) -> None:
    files = [
        policy_file(ou, mode=mode, kinds={"glue-session": KindSettings(mode=own)})
        for ou, (mode, own) in (("/A", above), ("/A/B", below))
    ]
    found = policies(replace(files[0], regions=(IRELAND,)), files[1])
    assert rule(found["/A/B"], "glue-session").mode is expected


def test_exemptions_add_up_from_the_root_down() -> None:
    first, second = Exemption(id="first"), Exemption(id="second")
    found = policies(
        policy_file("/A/B", exempt=(second,)),
        policy_file("/A", regions=(IRELAND,), exempt=(first,)),
    )
    assert rule(found["/A/B"], "glue-session").exempt == (first, second)
    assert rule(found["/A"], "glue-session").exempt == (first,)


def test_digests_go_where_the_settings_say_when_no_file_does() -> None:
    default = Notify("#everyone", "0 7 * * mon", "Asia/Tokyo")
    file = policy_file("/", regions=(IRELAND,), notify=NotifySettings(digest="0 8 * * fri"))
    (policy,) = resolve([file], organization(), TODAY, default).policies
    assert policy.notify == Notify("#everyone", "0 8 * * fri", "Asia/Tokyo")


def test_an_ou_may_be_named_by_its_id() -> None:
    files = policy_file("r-ab12", regions=(IRELAND,)), policy_file("ou-ab12-00000002")
    assert list(policies(*files)) == ["/A/B", "/"]


def test_every_problem_with_ous_and_regions_is_told_at_once() -> None:
    files = [
        policy_file("/A/Bb"),
        policy_file("ou-ab12-00000003"),
        policy_file("/A/B/C"),
        policy_file("/E"),
    ]
    with pytest.raises(InputError) as raised:
        resolve(files, organization(), TODAY)
    assert raised.value.problems == (
        "policies/a-b-c.yaml:1:5: no regions: neither this policy nor one above it names any",
        "policies/a-bb.yaml:1:5: there is no OU /A/Bb; did you mean /A/B?",
        "policies/e.yaml:1:5: no regions: neither this policy nor one above it names any",
        "policies/ou-ab12-00000003.yaml:1:5: the OU /A/B/C has a policy already: policies/a-b-c.yaml",
    )


def test_accounts_that_are_not_governed_have_a_reason() -> None:
    closed = [
        (AccountState.SUSPENDED, "the account is suspended"),
        (AccountState.PENDING_CLOSURE, "the account is being closed"),
        (AccountState.CLOSED, "the account is closed"),
        (AccountState.PENDING_ACTIVATION, "the account is not active yet"),
    ]
    accounts = [account(n, "/A", state) for n, (state, _) in enumerate(closed)]
    root = Account(MANAGEMENT, "management", AccountState.ACTIVE, OuPath("/A"))
    members = account(7, "/A/B"), account(8, "/E/F")
    governance = resolve(
        [policy_file("/A", regions=(IRELAND,))], organization(*accounts, root, *members), TODAY
    )
    assert governance.policy_of == {members[0].id: "a"}
    reasons = [governance.ungoverned[a.id] for a in accounts]
    assert reasons == [reason for _, reason in closed]
    assert governance.ungoverned[members[1].id] == "no policy for /E/F or an OU above it"
    assert governance.ungoverned[MANAGEMENT].startswith("it is the management account")


@pytest.mark.parametrize(
    ("ou", "governed"), [("/A/B", {MANAGEMENT: "a", AccountId("000000000007"): "a"}), ("/E", None)]
)
def test_the_management_account_is_like_any_other_where_it_is_governed(
    ou: str, governed: Mapping[str, str] | None
) -> None:
    own = Account(MANAGEMENT, "management", AccountState.ACTIVE, OuPath(ou))
    governance = resolve(
        [policy_file("/A", regions=(IRELAND,))],
        organization(own, account(7, "/A")),
        TODAY,
        management=ManagementAccount.GOVERN,
    )
    if governed is None:
        assert governance.ungoverned == {MANAGEMENT: "no policy for /E or an OU above it"}
    else:
        assert governance.policy_of == governed
        assert governance.regions[MANAGEMENT] == (IRELAND,)


def test_an_expired_exemption_is_a_warning_with_its_place() -> None:
    ends = [TODAY + timedelta(days=1), TODAY, TODAY - timedelta(days=1)]
    exempt = tuple(Exemption(id="x", expires=day, owner="ann@example.com") for day in ends)
    file = policy_file(
        "/",
        regions=(IRELAND,),
        exempt=exempt,
        positions={"exempt[1].expires": Position("policies/root.yaml", 7, 14)},
    )
    owner = "and exempts nothing; its owner is ann@example.com"
    assert tuple(map(str, resolve([file], organization(), TODAY).warnings)) == (
        f"policies/root.yaml:7:14: exempt[1]: expired on 2026-11-23 {owner}",
        f"policies/root.yaml:1:5: exempt[2]: expired on 2026-11-22 {owner}",
    )


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("kind", "grace", "max_age", "expected"),
    [
        ("glue-session", HOUR, 2 * HOUR, "2h says nothing: its grace of 1h is over by then"),
        ("glue-session", HOUR, HOUR, "1h says nothing: its grace of 1h is over by then"),
        ("glue-session", 2 * HOUR, HOUR, "1h comes before the end of its grace of 2h"),
        ("sagemaker-notebook", None, 13 * HOUR, "13h says nothing: its grace of 12h is over by then"),
        ("emr-cluster", HOUR, HOUR, "1h comes with the end of its grace of 1h"),
    ],
)  # fmt: skip
def test_a_max_age_that_does_not_go_with_the_grace_is_a_warning(
    kind: str, grace: timedelta | None, max_age: timedelta, expected: str
) -> None:
    said = {kind: KindSettings(grace=grace, max_age=max_age)}
    place = Position("policies/root.yaml", 5, 9)
    file = policy_file(
        "/", regions=(IRELAND,), kinds=said, positions={f"kinds.{kind}.max_age": place}
    )
    (warning,) = resolve([file], organization(), TODAY).warnings
    assert str(warning) == f"policies/root.yaml:5:9: kinds.{kind}.max_age: {expected}"


def test_a_max_age_beside_an_idle_time_is_no_warning() -> None:
    said = {"emr-cluster": KindSettings(grace=HOUR, max_age=2 * HOUR)}
    file = policy_file(
        "/",
        regions=(IRELAND,),
        kinds=said,
        positions={"kinds.emr-cluster.max_age": Position("policies/root.yaml", 5, 9)},
    )
    assert resolve([file], organization(), TODAY).warnings == ()


def test_a_max_age_that_comes_too_early_is_told_in_the_file_that_makes_it_so(
    tmp_path: Path,
) -> None:
    texts = {
        "root": "ou: /\nregions: [eu-west-1]\nkinds: {emr-cluster: {max_age: 1d}}",
        "a": "ou: /A\nkinds: {emr-cluster: {grace: 2d}}",
        "b": "ou: /A/B\nmode: stop",
    }
    (warning,) = resolve(written(tmp_path, texts), organization(), TODAY).warnings
    file = (tmp_path / "a.yaml").as_posix()
    message = "kinds.emr-cluster.max_age: 1d comes before the end of its grace of 2d"
    assert str(warning) == f"{file}:2:30: {message}"


def test_where_nobody_asked_an_account_all_enabled_regions_are_those_of_every_account() -> None:
    member, unasked = account(1, "/"), account(2, "/")
    asked = {member.id: frozenset({IRELAND, Region("ap-east-1")})}
    everywhere = replace(organization(member, unasked), enabled=asked)
    governance = resolve([policy_file("/", regions=(ALL_ENABLED,))], everywhere, TODAY)
    assert governance.regions[member.id] == ("ap-east-1", "eu-west-1")
    assert set(governance.regions[unasked.id]) == ENABLED_BY_DEFAULT


def test_a_named_region_that_an_account_has_not_enabled_is_not_governed_there() -> None:
    member, unasked = account(1, "/"), account(2, "/")
    tree_ = replace(organization(member, unasked), enabled={member.id: frozenset({IRELAND})})
    governance = resolve([policy_file("/", regions=(IRELAND, VIRGINIA))], tree_, TODAY)
    assert governance.regions == {member.id: (IRELAND,), unasked.id: (IRELAND, VIRGINIA)}
