from datetime import date

from guardian.ids import AccountId, OuPath, Slug
from guardian.jobs.editions import editions
from guardian.policy.model import Exemption, Notify, Policy, Quiet, Rule
from guardian.policy.resolve import Governance
from tests.unit.policies import policy

ANA, BEN, CY = AccountId("1" * 12), AccountId("2" * 12), AccountId("3" * 12)
TOPIC = "arn:aws:sns:eu-west-1:111122223333:costs"
ENDS = Exemption(id="x", reason="because", expires=date(2026, 12, 1))
ALL = Notify("#all", timezone="Europe/London")


def governed(**notifies: Notify) -> Governance:
    """One policy for each, with an account of its own."""
    made = [
        Policy(Slug(slug), OuPath("/"), f"{slug}.yaml", (), rules(), notify)
        for slug, notify in notifies.items()
    ]
    accounts = dict(zip((ANA, BEN, CY), (p.slug for p in made), strict=False))
    return Governance(tuple(made), accounts, {}, {})


def rules() -> tuple[Rule, ...]:
    return policy(ENDS, Exemption(tags={"guardian": "keep"})).rules


def places(governance: Governance, notify: Notify) -> dict[str, frozenset[AccountId] | None]:
    return {
        e.audience.channel: e.audience.accounts for e in editions(governance, {ANA: "ana"}, notify)
    }


def test_the_organization_hears_of_everything_and_a_policys_channel_of_its_accounts() -> None:
    told = places(governed(a=ALL, b=Notify("#b")), ALL)
    assert told == {"#all": None, "#b": frozenset({BEN})}


def test_policies_that_name_one_channel_are_one_edition() -> None:
    told = places(governed(a=Notify("#b"), b=Notify("#b", timezone="Asia/Tokyo")), Notify())
    assert told == {"#b": frozenset({ANA, BEN})}


def test_a_topic_is_an_edition_of_its_own() -> None:
    told = places(governed(a=Notify("#a", sns=TOPIC), b=Notify("#b")), ALL)
    assert told == {"#all": None, "#a": frozenset({ANA}), "#b": frozenset({BEN}), TOPIC: {ANA}}


def test_what_a_policy_inherits_from_the_settings_is_the_organizations_edition_alone() -> None:
    notify = Notify("#all", sns=TOPIC)
    assert places(governed(a=Notify("#a", sns=TOPIC)), notify) == {
        "#all": None,
        TOPIC: None,
        "#a": frozenset({ANA}),
    }


def test_a_policy_without_accounts_has_no_edition() -> None:
    (only,) = governed(a=Notify("#a")).policies
    assert places(Governance((only,), {}, {}, {}), Notify()) == {}


def test_an_audience_knows_its_time_zone_its_exemptions_and_whether_it_wants_silence() -> None:
    governance = governed(a=Notify("#a", timezone="Asia/Tokyo", quiet=Quiet.SKIP), b=ALL)
    whole, own = editions(governance, {ANA: "ana"}, ALL)
    assert (whole.audience.timezone, own.audience.timezone) == ("Europe/London", "Asia/Tokyo")
    assert (whole.audience.skips_quiet, own.audience.skips_quiet) == (False, True)
    assert whole.audience.exemptions == own.audience.exemptions == (ENDS,)
