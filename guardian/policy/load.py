"""Policy files as they were written, or everything that is wrong with them at once."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path, PurePosixPath

from guardian.ids import ROOT, Region, Slug
from guardian.kinds import all_kinds
from guardian.organization import Organization
from guardian.places import Position
from guardian.policy import values
from guardian.policy.also import also
from guardian.policy.form import Form
from guardian.policy.hours import Hours
from guardian.policy.keys import (
    CONDITIONS,
    EXEMPT_KEYS,
    HOURS_KEYS,
    KEYS,
    KIND_KEYS,
    LIMIT_KEYS,
    NOTIFY_KEYS,
    UNLOCKABLE,
    lockable,
)
from guardian.policy.model import (
    ALL_ENABLED,
    Exemption,
    KindSettings,
    Limits,
    Mode,
    NotifySettings,
    PolicyFile,
    Quiet,
)
from guardian.policy.nearest import hint
from guardian.policy.nodes import Fields, Node, Problems, positions, read_yaml
from guardian.policy.ous import missing, paths_by_name
from guardian.policy.source import DirectorySource

SLUG_LENGTH = 24

OU = re.compile(r"/|(/[^/]+)+/?|r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")


def load_policies(
    directory: Path, regions: Collection[Region] | None = None
) -> tuple[PolicyFile, ...]:
    """Every policy of a directory (`*.yaml`, `*.yml`), by file name.

    `regions` are those that may be named; without them only the form of a name is checked. Raises InputError with all
    problems of all files, and for a directory without policies: an empty one is a mistake, not the wish to end all.
    """
    return parse_policies(DirectorySource(directory).read(), regions)


def parse_policies(
    texts: Iterable[tuple[str, bytes]],
    regions: Collection[Region] | None = None,
    organization: Organization | None = None,
) -> tuple[PolicyFile, ...]:
    """What policy files say, given their names and bytes. Raises InputError with all problems of all files.

    With an organization an OU that is not in it is one of them.
    """
    problems = Problems()
    read = [(file, read_yaml(file, raw, problems)) for file, raw in texts]
    files = [_policy(file, root, regions, problems) for file, root in read if root]
    _refuse_twins(files, lambda file: file.ou, "the OU {} has", problems)
    _refuse_twins(files, lambda file: file.slug, "the name {} belongs to", problems)
    names = paths_by_name(organization) if organization else None
    for problem in (missing(file, names) for file in files if names is not None):
        if problem is not None:
            problems.add(problem.at, problem.message)
    problems.refuse()
    return tuple(files)


def _refuse_twins(
    files: Iterable[PolicyFile],
    of: Callable[[PolicyFile], str],
    subject: str,
    problems: Problems,
) -> None:
    first: dict[str, PolicyFile] = {}
    for file in files:
        earlier = first.setdefault(of(file), file)
        if earlier is not file and of(file):
            message = f"{subject.format(of(file))} a policy already: {earlier.file}"
            problems.add(file.ou_position, message)


def slug_of(stem: str) -> Slug:
    """The policy's name inside resource names, out of its file's name.

    A name that does not fit is made to fit, and told apart from others by six digits of its hash.
    """
    if len(stem) <= SLUG_LENGTH and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", stem):
        return Slug(stem)
    digest = hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    plain = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "policy"
    return Slug(f"{plain[: SLUG_LENGTH - 7].strip('-')}-{digest}")


def _policy(
    file: str, root: Fields, known: Collection[Region] | None, problems: Problems
) -> PolicyFile:
    form = Form(root, KEYS, problems)
    place = form.place("ou")
    return PolicyFile(
        file=file,
        slug=slug_of(PurePosixPath(file).stem),
        ou=form.require("ou", _ou) or "",
        ou_position=place if isinstance(place, Position) else Position(file, 1, 1),
        mode=form.read("mode", values.choice(Mode)),
        regions=_regions(form, known),
        kinds=_kinds(form.form("kinds", all_kinds(), "kind")),
        exempt=tuple(_exemption(item) for item in form.forms("exempt", EXEMPT_KEYS)),
        hours=hours(form),
        notify=_notify(form.form("notify", NOTIFY_KEYS)),
        also=also(form),
        limits=_limits(form.form("limits", LIMIT_KEYS)),
        locked=form.each("locked", _lock) or (),
        positions=positions(root),
    )


def _ou(node: Node) -> str:
    name = values.text(node)
    if not OU.fullmatch(name):
        raise ValueError(
            f"{name!r} is neither a path such as /Workloads/Data nor an id such as ou-ab12-11111111"
        )
    return name.rstrip("/") or ROOT


def _regions(form: Form, known: Collection[Region] | None) -> tuple[Region, ...] | None:
    if form.says("regions", ALL_ENABLED):
        return (ALL_ENABLED,)
    regions = form.each("regions", values.region(known))
    if regions is not None and not form.filled("regions"):
        form.wrong(form.place("regions"), "regions", f"names no region; {ALL_ENABLED} is all")
    return regions


def hours(parent: Form) -> Hours | None:
    """The hours that a form tells under `hours`; None where it tells none."""
    if "hours" not in parent.keys:
        return None
    form = parent.form("hours", HOURS_KEYS)
    timezone = form.require("timezone", values.timezone)
    holidays = form.each("holidays", values.day) or ()
    rests, applies = (form.each(key, values.window) or () for key in ("rests", "applies"))
    if form.filled("rests") == form.filled("applies"):
        form.wrong(form.at, "", "give either rests or applies, a list of windows")
    return Hours(timezone or "UTC", rests or applies, bool(rests), holidays)


def _limits(form: Form) -> Limits:
    return Limits(stops_per_sweep=form.read("stops_per_sweep", values.count))


def _lock(node: Node) -> str:
    name = values.text(node)
    if name in UNLOCKABLE:
        raise ValueError(
            f"{name!r} cannot be locked, and need not be: no file below can change it"
        )
    if name not in lockable():
        raise ValueError(f"there is no setting {name!r}{hint(name, lockable())}")
    return name


def _kinds(form: Form) -> dict[str, KindSettings]:
    return {key: _kind(key, form.form(key, KIND_KEYS)) for key in form.keys}


def _kind(key: str, form: Form) -> KindSettings:
    kind = all_kinds()[key]
    if "idle" in form.keys and kind.idle is None:
        message = f"nobody can tell whether a {kind.title} is idle; use grace"
        form.wrong(form.place("idle"), "idle", message)
    return KindSettings(
        mode=form.read("mode", values.choice(Mode)),
        grace=form.read("grace", values.duration),
        idle=form.read("idle", values.interval),
        max_age=form.read("max_age", values.interval),
        hours=hours(form),
    )


def _exemption(form: Form) -> Exemption:
    exempt = Exemption(
        tags=form.pairs("tags"),
        principal=form.read("principal", values.text) or "",
        accounts=form.each("accounts", values.account) or (),
        id=form.read("id", values.text) or "",
        origin=form.read("origin", values.text) or "",
        reason=form.read("reason", values.text) or "",
        owner=form.read("owner", values.text) or "",
        expires=form.read("expires", values.day),
    )
    if not any(form.filled(key) for key in CONDITIONS):
        form.wrong(form.at, "", f"exempts nothing: give one of {', '.join(CONDITIONS)}")
    return exempt


def _notify(form: Form) -> NotifySettings:
    return NotifySettings(
        channel=form.read("channel", values.channel),
        digest=form.read("digest", values.cron),
        timezone=form.read("timezone", values.timezone),
        quiet=form.read("quiet", values.choice(Quiet)),
        sns=form.read("sns", values.topic),
        warn_before=form.read("warn_before", values.duration),
        max_keep=form.read("max_keep", values.interval),
    )
