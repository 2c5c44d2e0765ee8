"""Settings: one file and the environment, read once. The environment wins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from guardian import environment as surroundings
from guardian.brakes import Brakes
from guardian.brakes import form as brakes_form
from guardian.clock import Clock, ScaledClock
from guardian.errors import InputError
from guardian.ids import AccountId, Region
from guardian.organization import ManagementAccount
from guardian.places import Place
from guardian.policy import values
from guardian.policy.durations import spoken
from guardian.policy.form import Form
from guardian.policy.model import Notify, Quiet
from guardian.policy.nodes import Fields, Node, Problems, Scalar, positions, read_yaml
from guardian.policy.source import read_file
from guardian.secret_names import is_secret
from guardian.waves import Waves
from guardian.waves import form as waves_form

FILE = "guardian.yaml"
PREFIX = "GUARDIAN_"
T = TypeVar("T")
KEYS: Mapping[str, tuple[str, ...]] = {
    "home_region": (),
    "hub": ("account", "region", "bus", "queue_url", "role"),
    "call_as": (),
    "member_role": (),
    "management_account": (),
    "management_role": (),
    "journal": (),
    "policies": (),
    "templates": (),
    "slack": ("channel", "digest", "timezone", "quiet", "sns", "keepers"),
    "schedules": ("reconcile", "sweep", "drift", "detect"),
    "sweep_margin": (),
    "sweep_deadline": (),
    "health": (),
    "brakes": brakes_form.KEYS,
    "rollout": waves_form.KEYS,
}
"""Every setting of the file: sections and their keys, or a key by itself."""
STRUCTURED = {"brakes.freeze", "brakes.hours", "rollout.waves"}
"""Lists and mappings: only the file can say them."""
REQUIRED = ("home_region", "hub.account", "hub.queue_url")
"""What has no default."""


class CallAs(StrEnum):
    """Whose rights StackSets calls use: the management account's own, or a delegated administrator's."""

    SELF = "self"
    DELEGATED_ADMIN = "delegated-admin"


@dataclass(frozen=True)
class Hub:
    """Where outcomes arrive: the account, the event bus and the queue behind it; `role` is guardian's own there."""

    account: AccountId
    region: Region
    bus: str
    queue_url: str
    role: str


@dataclass(frozen=True)
class Slack:
    """`token` is empty where there is none: digests are then not posted. `api` ends in a slash.

    `app_token` opens the socket by which presses and commands come, empty where there is none. `keepers` is the id of
    the user group whose members may keep anything alive and stop it, empty where only owners may.
    """

    token: str = field(repr=False)
    api: str = surroundings.SLACK_API
    app_token: str = field(default="", repr=False)
    keepers: str = ""


@dataclass(frozen=True)
class Schedules:
    """How much time lies between two runs of each job."""

    reconcile: timedelta
    sweep: timedelta
    drift: timedelta
    detect: timedelta


@dataclass(frozen=True)
class Settings:
    """What one installation is told.

    `policies` is a directory, below that of the file unless it is absolute, or `s3://bucket/prefix`. `templates`
    is such a place, empty where there is none. `notify` holds where no policy says where digests go; `sweep_margin` is
    how long the sweep leaves a due resource to the event path, `sweep_deadline` how long it may take. `health` is where
    the daemon answers for itself, None for nowhere.
    """

    home_region: Region
    hub: Hub
    call_as: CallAs
    member_role: str
    management_account: ManagementAccount
    management_role: str
    journal: str
    policies: str
    templates: str
    slack: Slack
    notify: Notify
    schedules: Schedules
    sweep_margin: timedelta
    sweep_deadline: timedelta
    brakes: Brakes
    rollout: Waves
    health: values.Listen | None
    clock: Clock

    def masked(self) -> Mapping[str, str]:
        """Every setting by its dotted name, as text that may be shown and logged."""
        hub, notify, times, clock = self.hub, self.notify, self.schedules, self.clock
        return {
            "home_region": self.home_region,
            "hub.account": hub.account,
            "hub.region": hub.region,
            "hub.bus": hub.bus,
            "hub.queue_url": hub.queue_url,
            "hub.role": hub.role,
            "call_as": self.call_as.value,
            "member_role": self.member_role,
            "management_account": self.management_account.value,
            "management_role": self.management_role,
            "journal": self.journal,
            "policies": self.policies,
            "templates": self.templates,
            "slack.channel": notify.channel,
            "slack.digest": notify.digest,
            "slack.timezone": notify.timezone,
            "slack.quiet": notify.quiet.value,
            "slack.sns": notify.sns,
            "slack.token": _masked(self.slack.token),
            "slack.app_token": _masked(self.slack.app_token),
            "slack.keepers": self.slack.keepers,
            "slack.api": self.slack.api,
            "schedules.reconcile": spoken(times.reconcile),
            "schedules.sweep": spoken(times.sweep),
            "schedules.drift": spoken(times.drift),
            "schedules.detect": spoken(times.detect),
            "sweep_margin": spoken(self.sweep_margin),
            "sweep_deadline": spoken(self.sweep_deadline),
            "health": str(self.health or "off"),
            **{f"brakes.{key}": text for key, text in brakes_form.shown(self.brakes).items()},
            **{f"rollout.{key}": text for key, text in waves_form.shown(self.rollout).items()},
            "clock": f"scale {clock.scale:g}" if isinstance(clock, ScaledClock) else "system",
        }


def _masked(token: str) -> str:
    """The name of a secret is none."""
    return token if is_secret(token) else "***" if token else ""


def variables() -> Mapping[str, str]:
    """The variable of every setting that is one value: `GUARDIAN_HUB_ACCOUNT` by `hub.account`."""
    sections = [f"{key}.{part}" for key, parts in KEYS.items() for part in parts]
    plain = [name for name in sections if name not in STRUCTURED]
    names = [key for key, parts in KEYS.items() if not parts] + plain
    return {name: PREFIX + name.replace(".", "_").upper() for name in names}


def says_all(environment: Mapping[str, str]) -> bool:
    """Whether the environment has all that is required, as a container's has: no file is needed then."""
    return all(environment.get(variables()[name]) for name in REQUIRED)


def load_settings(directory: Path, environment: Mapping[str, str]) -> Settings:
    """The settings of `guardian.yaml` in a directory, overridden by the environment.

    The file, and the directory, may be missing where the environment says all that is required.
    Raises InputError with all problems, each with its line or its variable. A secret is in none of them.
    """
    problems = Problems()
    form = Form(_read(directory, environment, problems), KEYS, problems)
    settings = _settings(form, environment, problems)
    problems.refuse()
    return settings


def sources(directory: Path, environment: Mapping[str, str]) -> Mapping[str, Place]:
    """Where each setting was said, by its dotted name; what is not there has its default. Raises InputError."""
    problems = Problems()
    written = positions(_read(directory, environment, problems))
    known = {**variables(), **surroundings.VARIABLES}
    said = {name: variable for name, variable in known.items() if environment.get(variable)}
    return {**written, **said}


def _read(directory: Path, environment: Mapping[str, str], problems: Problems) -> Fields:
    path = directory / FILE
    if not path.is_file() and says_all(environment):
        return _overridden(Fields({}, {}, "the environment"), environment, problems)
    if not directory.is_dir():
        raise InputError(f"{directory.as_posix()}: there is no such directory")
    if not path.is_file():
        raise InputError(f"{path.as_posix()}: there is no such file{_told(environment)}")
    written = read_yaml(*read_file(path), problems)
    if written is None:
        raise problems.error()
    return _overridden(written, environment, problems)


def _told(environment: Mapping[str, str]) -> str:
    """What the environment lacks, where it says some of what is required."""
    lacking = [variables()[name] for name in REQUIRED if not environment.get(variables()[name])]
    if len(lacking) == len(REQUIRED):
        return ""
    return f", and the environment lacks {' and '.join(lacking)}"


def _overridden(written: Fields, environment: Mapping[str, str], problems: Problems) -> Fields:
    known = variables()
    for name in environment:
        # Others may use the prefix (an orchestrator's GUARDIAN_PORT …): only a near miss is a mistake.
        if name.startswith(PREFIX) and name not in known.values():
            near = get_close_matches(name, known.values(), n=1, cutoff=0.9)
            if near:
                problems.add(name, f"no such setting; did you mean {near[0]}?")
    for key, variable in known.items():
        if environment.get(variable):
            value = Scalar(environment[variable], variable, plain=False)
            written = _with(written, key.split("."), value)
    return written


def _with(fields: Fields, path: list[str], value: Node) -> Fields:
    head, *rest = path
    if rest:
        inner = fields.values.get(head)
        if not isinstance(inner, Fields):
            inner = Fields({}, {}, inner.at if inner else fields.at)
        value = _with(inner, rest, value)
    keys = {head: value.at, **fields.keys}
    return Fields({**fields.values, head: value}, keys, fields.at)


def _settings(form: Form, environment: Mapping[str, str], problems: Problems) -> Settings:
    home = form.require("home_region", values.region(None)) or Region("")
    slack = form.form("slack", KEYS["slack"])
    return Settings(
        home_region=home,
        hub=_hub(form.form("hub", KEYS["hub"]), home),
        call_as=form.read("call_as", values.choice(CallAs)) or CallAs.SELF,
        member_role=form.read("member_role", _ROLE) or "guardian-member",
        management_account=form.read("management_account", values.choice(ManagementAccount))
        or ManagementAccount.SKIP,
        management_role=form.read("management_role", _ROLE) or "guardian-management",
        journal=form.read("journal", _JOURNAL) or "sqlite:///var/guardian.db",
        policies=form.read("policies", _POLICIES) or "policies",
        templates=form.read("templates", _TEMPLATES) or "",
        slack=_slack(slack, environment, problems),
        notify=_notify(slack),
        schedules=_schedules(form.form("schedules", KEYS["schedules"])),
        sweep_margin=_or(form.read("sweep_margin", values.duration), timedelta(minutes=5)),
        sweep_deadline=form.read("sweep_deadline", values.interval) or timedelta(hours=1),
        brakes=brakes_form.brakes(form.form("brakes", KEYS["brakes"])),
        rollout=waves_form.waves(form.form("rollout", KEYS["rollout"])),
        health=form.read("health", values.listen),
        clock=surroundings.clock(environment, problems),
    )


_GROUP = values.pattern(r"S[A-Z0-9]{6,20}", "the id of a Slack user group, such as S0123456789")
_ROLE = values.pattern(r"[\w+=,.@-]{1,64}", "the name of an IAM role")
_BUS = values.pattern(r"[A-Za-z0-9._/-]{1,256}", "the name of an event bus")
_QUEUE = values.pattern(r"https?://[^\s/]+/\S+", "the URL of a queue")
_JOURNAL = values.pattern(
    r"sqlite:///\S+|dynamodb://[A-Za-z0-9_.-]{3,255}",
    "a journal such as sqlite:///var/guardian.db or dynamodb://guardian",
)
_POLICIES = values.pattern(
    r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?|(?![a-z][a-z0-9+]*:).+",
    "a directory or a place such as s3://bucket/prefix",
)
_TEMPLATES = values.pattern(
    r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._=/-]*)?",
    "a place such as s3://bucket/prefix",
)


def _or(value: T | None, default: T) -> T:
    """For values whose zero means something."""
    return default if value is None else value


def _hub(form: Form, home: Region) -> Hub:
    return Hub(
        account=form.require("account", values.account) or AccountId(""),
        region=form.read("region", values.region(None)) or home,
        bus=form.read("bus", _BUS) or "guardian",
        queue_url=form.require("queue_url", _QUEUE) or "",
        role=form.read("role", _ROLE) or "guardian-hub",
    )


def _notify(form: Form) -> Notify:
    default = Notify()
    return Notify(
        channel=form.read("channel", values.channel) or default.channel,
        digest=form.read("digest", values.cron) or default.digest,
        timezone=form.read("timezone", values.timezone) or default.timezone,
        quiet=form.read("quiet", values.choice(Quiet)) or default.quiet,
        sns=form.read("sns", values.topic) or default.sns,
    )


def _schedules(form: Form) -> Schedules:
    return Schedules(
        reconcile=form.read("reconcile", values.interval) or timedelta(minutes=30),
        sweep=form.read("sweep", values.interval) or timedelta(hours=1),
        drift=form.read("drift", values.interval) or timedelta(hours=6),
        detect=form.read("detect", values.interval) or timedelta(days=1),
    )


def _slack(form: Form, environment: Mapping[str, str], problems: Problems) -> Slack:
    return Slack(
        token=surroundings.slack_token(environment, "slack.token", problems),
        api=surroundings.slack_api(environment, problems),
        app_token=surroundings.slack_token(environment, "slack.app_token", problems),
        keepers=form.read("keepers", _GROUP) or "",
    )
