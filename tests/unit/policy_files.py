"""Policy files of every shape, for properties that hold for all of them."""

from datetime import date, timedelta

from hypothesis import strategies as st

from guardian.ids import AccountId, Region, Slug
from guardian.kinds import all_kinds
from guardian.outcome import Result
from guardian.places import Position
from guardian.policy.also import RETENTIONS
from guardian.policy.hours import DAYS, MIDNIGHT, Hours, Window
from guardian.policy.keys import lockable
from guardian.policy.model import (
    ALL_ENABLED,
    ALSO_OUTCOMES,
    Also,
    Exemption,
    KindSettings,
    Limits,
    Mode,
    NotifySettings,
    PolicyFile,
    Quiet,
)

HOSTILE = (
    "yes",
    "null",
    "~",
    "012",
    "1e5",
    "0x1F",
    "tRuE",
    "2027-03-31",
    "a: b",
    "a #b",
    "*a",
    "&a",
)
MORE = (
    "'",
    '"',
    "\\",
    "- a",
    "? a",
    "| ",
    "%",
    "@a",
    "`",
    "!a",
    "[a",
    "a, b",
    "{",
    "a\nb",
    "\ufeffa",
)

NOTHING = st.none()
TEXTS = (
    st.sampled_from(HOSTILE) | st.sampled_from(MORE) | st.text(min_size=1, max_size=20)
).filter(str.strip)
SPANS = st.integers(0, 365 * 86400).map(lambda seconds: timedelta(seconds=seconds))
INTERVALS = SPANS.filter(bool)
DATES = st.dates(date(2020, 1, 1), date(2040, 1, 1))
ZONES = st.sampled_from(["UTC", "Europe/London", "Etc/GMT+5"])
WINDOWS = st.builds(
    Window,
    st.sets(st.sampled_from(DAYS), min_size=1).map(lambda s: tuple(d for d in DAYS if d in s)),
    st.lists(st.integers(0, MIDNIGHT), min_size=2, max_size=2, unique=True).map(
        lambda ends: (min(ends), max(ends))
    ),
)
HOURS = st.builds(
    Hours,
    ZONES,
    st.lists(WINDOWS, min_size=1, max_size=3, unique=True).map(tuple),
    st.booleans(),
    st.lists(DATES, max_size=2, unique=True).map(tuple),
)
REGIONS = st.just((ALL_ENABLED,)) | st.lists(
    st.sampled_from(["eu-west-1", "us-east-1", "us-gov-west-1"]).map(Region),
    min_size=1,
    unique=True,
).map(tuple)
ACCOUNTS = st.lists(
    st.integers(0, 10**12 - 1).map(lambda n: AccountId(f"{n:012}")), max_size=2, unique=True
).map(tuple)
EXEMPTIONS = st.builds(
    Exemption,
    tags=st.dictionaries(TEXTS, TEXTS, max_size=2),
    principal=st.just("") | TEXTS,
    accounts=ACCOUNTS,
    id=st.just("") | TEXTS,
    origin=st.just("") | TEXTS,
    reason=st.just("") | TEXTS,
    owner=st.just("") | TEXTS,
    expires=NOTHING | DATES,
).filter(lambda e: bool(e.tags or e.principal or e.accounts or e.id or e.origin))


def _of_kind(key: str) -> st.SearchStrategy[tuple[str, KindSettings]]:
    measured = all_kinds()[key].idle is not None
    settings = st.builds(
        KindSettings,
        mode=NOTHING | st.sampled_from(Mode),
        grace=NOTHING | SPANS,
        idle=NOTHING | INTERVALS if measured else NOTHING,
        max_age=NOTHING | INTERVALS,
        hours=NOTHING | HOURS,
    )
    return st.tuples(st.just(key), settings)


KINDS = st.lists(
    st.sampled_from(list(all_kinds())).flatmap(_of_kind),
    max_size=3,
    unique_by=lambda kind: kind[0],
).map(dict)
_ADDRESSES = st.sampled_from(["team@example.com", "o'neill+x@mail.example.co.uk", "#a@b.c"])
_TARGETS = st.one_of(
    st.fixed_dictionaries(
        {"email": st.lists(_ADDRESSES, min_size=1, max_size=2, unique=True).map(tuple)}
    ),
    st.fixed_dictionaries(
        {
            "log": st.sampled_from(["/guardian/outcomes", "null", "12", "#a.b"]),
            "retention": st.sampled_from(RETENTIONS).map(timedelta),
        }
    ),
    st.fixed_dictionaries({"start": st.sampled_from(["after-stop", "yes", "0x1F"])}),
    st.fixed_dictionaries(
        {"bus": st.just("arn:aws:events:eu-west-1:111122223333:event-bus/finops")}
    ),
)
ALSO = st.builds(
    lambda target, outcomes, kinds: Also(**target, outcomes=outcomes, kinds=kinds),
    _TARGETS,
    st.just(ALSO_OUTCOMES) | st.lists(st.sampled_from(Result), min_size=1, unique=True).map(tuple),
    st.lists(st.sampled_from(list(all_kinds())), max_size=2, unique=True).map(tuple),
)
OUS = st.sampled_from(["/", "/Sandbox", "/Workloads/Data Science", "r-ab12", "/a: b #c", "/*"])
POLICY_FILES = st.builds(
    PolicyFile,
    file=st.just("policies/data.yaml"),
    slug=st.just(Slug("data")),
    ou=OUS,
    ou_position=st.just(Position("policies/data.yaml", 1, 1)),
    mode=NOTHING | st.sampled_from(Mode),
    regions=NOTHING | REGIONS,
    kinds=KINDS,
    exempt=st.lists(EXEMPTIONS, max_size=2).map(tuple),
    hours=NOTHING | HOURS,
    notify=st.builds(
        NotifySettings,
        channel=NOTHING | st.sampled_from(["#data-costs", "C0123456789", "#a'b"]),
        digest=NOTHING | st.just("0 9 * * mon-fri"),
        timezone=NOTHING | ZONES,
        quiet=NOTHING | st.sampled_from(Quiet),
        sns=NOTHING | st.just("arn:aws:sns:eu-west-1:111122223333:data-costs"),
    ),
    also=st.lists(ALSO, max_size=2).map(tuple),
    limits=st.builds(Limits, NOTHING | st.integers(1, 999_999_999)),
    locked=st.lists(st.sampled_from(lockable()), max_size=3, unique=True).map(tuple),
)
"""Every key at once, with values that are hard to write down."""
