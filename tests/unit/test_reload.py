"""Policies that change while guardian runs: which hold, and what is told of those that do not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guardian.errors import InputError
from guardian.jobs.reload import Notice, PolicyState, begin, news, reload_once
from guardian.policy.load import parse_policies
from guardian.policy.model import PolicyFile
from guardian.policy.source import DirectorySource, PolicyText

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOOD, BETTER, BROKEN = "ou: /\n", "ou: /\nmode: stop\n", "ou: /\nmode: stopp\n"


@dataclass
class Watched:
    """A directory of policies, and who looks at it every ten seconds."""

    directory: Path
    ous: set[str] = field(default_factory=lambda: {"/"})
    checks: int = 0
    told: list[Notice] = field(default_factory=list)
    state: PolicyState = field(init=False)

    def __post_init__(self) -> None:
        self.now = NOON
        self.write(GOOD)
        self.source = DirectorySource(self.directory)
        self.state = begin(self.source, self.check, self.now)

    def write(self, content: str, name: str = "a.yaml") -> None:
        (self.directory / name).write_text(content)

    def check(self, texts: tuple[PolicyText, ...]) -> tuple[PolicyFile, ...]:
        self.checks += 1
        files = parse_policies(texts)
        missing = [file.ou for file in files if file.ou not in self.ous]
        if missing:
            raise InputError(f"there is no OU {missing}")
        return files

    def look(self, times: int = 1) -> PolicyState:
        for _ in range(times):
            self.now += timedelta(seconds=10)
            before = self.state
            self.state = reload_once(
                self.source, before, self.check, self.now, frozenset(self.ous)
            )
            notice = news(before.broken, self.state.broken)
            self.told += [notice] if notice else []
        return self.state


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_policies_that_stay_are_checked_once(watched: Watched) -> None:
    before = watched.state
    after = watched.look(5)
    assert (after.good_hash, after.since, after.files) == (before.good_hash, NOON, before.files)
    assert (watched.checks, watched.told) == (1, [])


def test_new_policies_hold_once_they_were_found_twice(watched: Watched) -> None:
    before = watched.state
    watched.write(BETTER)
    assert watched.look().files == before.files
    after = watched.look()
    assert after.files[0].mode == "stop"
    assert (after.since, after.good_hash != before.good_hash) == (watched.now, True)
    assert watched.told == []


def test_what_is_still_being_written_never_holds(watched: Watched) -> None:
    text = "ou: /\nregions: [eu-west-1]\nexempt:\n  - {id: prod-*}\n"
    before = watched.state
    for end in range(len(text)):
        watched.write(text[:end])
        assert watched.look().files == before.files
    watched.write(text)
    assert watched.look(2).files[0].exempt[0].id == "prod-*"
    assert watched.told == []


def test_broken_policies_change_nothing_and_are_told_once(watched: Watched) -> None:
    before = watched.state
    watched.write(BROKEN)
    after = watched.look(5)
    assert (after.files, after.good_hash, after.since) == (before.files, before.good_hash, NOON)
    assert after.broken is not None
    assert "did you mean stop?" in after.broken.problems[0]
    assert watched.checks == 2
    (told,) = watched.told
    assert told.lines == (
        "The policies are broken: the last good ones go on to hold",
        *after.broken.problems,
    )


def test_one_broken_file_keeps_all_others_from_holding(watched: Watched) -> None:
    watched.ous.add("/Sandbox")
    before = watched.state
    watched.write(BROKEN)
    watched.write("ou: /Sandbox\n", "b.yaml")
    assert watched.look(2).files == before.files


@pytest.mark.parametrize("content", [GOOD, BETTER])
def test_policies_that_are_right_again_are_told_once(watched: Watched, content: str) -> None:
    watched.write(BROKEN)
    watched.look(2)
    watched.write(content)
    assert watched.look(3).broken is None
    assert [notice.lines[0].split(":")[0] for notice in watched.told] == [
        "The policies are broken",
        "The policies are right again, and hold",
    ]
    assert len({notice.key for notice in watched.told}) == 2


def test_another_mistake_is_told_too(watched: Watched) -> None:
    watched.write(BROKEN)
    watched.look(2)
    watched.write("ou: nowhere\n")
    watched.look(2)
    assert len({notice.key for notice in watched.told}) == 2


def test_the_key_of_a_notice_is_the_same_after_a_restart(tmp_path: Path) -> None:
    keys = set()
    for _ in range(2):
        watched = Watched(tmp_path)
        watched.write(BROKEN)
        watched.look(2)
        keys |= {notice.key for notice in watched.told}
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda directory: (directory / "a.yaml").unlink(), "there is no policy"),
        (lambda directory: directory.rename(f"{directory}-moved"), "there is no such directory"),
        (lambda directory: (directory / "b.yaml").mkdir(), "b.yaml:1:1: cannot be read"),
        (
            lambda directory: (directory / "b.yaml").symlink_to("nowhere"),
            "b.yaml:1:1: cannot be read",
        ),
    ],
    ids=["no policies", "no directory", "a directory for a file", "a link to nowhere"],
)
def test_policies_that_cannot_be_read_change_nothing(
    watched: Watched, spoil: Callable[[Path], None], problem: str
) -> None:
    before = watched.state
    spoil(watched.directory)
    after = watched.look(4)
    assert after.files == before.files
    assert after.broken is not None
    assert problem in after.broken.problems[0]
    assert len(watched.told) == 1


def test_policies_that_do_not_fit_are_checked_again_when_the_organization_changed(
    watched: Watched,
) -> None:
    watched.write("ou: /New\n")
    assert watched.look(3).broken is not None
    checks = watched.checks
    watched.ous.add("/New")
    after = watched.look()
    assert (after.broken, after.files[0].ou) == (None, "/New")
    assert watched.checks == checks + 1
    assert len(watched.told) == 2


def test_a_mistake_that_stays_one_when_the_organization_changed_is_no_news(
    watched: Watched,
) -> None:
    watched.write(BROKEN)
    watched.look(2)
    watched.ous.add("/New")
    watched.look(3)
    assert len(watched.told) == 1
    assert watched.checks == 3


def test_a_daemon_does_not_begin_with_broken_policies(watched: Watched) -> None:
    watched.write(BROKEN)
    with pytest.raises(InputError, match="did you mean stop"):
        begin(watched.source, watched.check, NOON)


@pytest.fixture(autouse=True)
def _directory_is_put_back(tmp_path: Path) -> Iterator[None]:
    yield
    moved = Path(f"{tmp_path}-moved")
    if moved.exists():
        moved.rename(tmp_path)
