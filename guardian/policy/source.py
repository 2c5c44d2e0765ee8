"""Where policy files come from: bytes with a name, a directory of them. What they say is for `load` to tell."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from guardian.errors import InputError
from guardian.places import Position, Problem
from guardian.policy.nodes import MAX_BYTES

SUFFIXES = (".yaml", ".yml")
MAX_POLICIES = 2_000
"""As many as an organization has OUs, unless AWS raised its quota."""
MAX_TOTAL = 20_000_000
"""Bytes of all policies together."""


class PolicyText(NamedTuple):
    """A policy file as it was found, cut off behind `MAX_BYTES`; `file` is what problems are told of."""

    file: str
    raw: bytes

    @property
    def name(self) -> str:
        return self.file.rpartition("/")[2]


class DirectorySource:
    """The policies of a directory. A file that did not change is not read again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen: Signature | None = None
        self._settled = False
        self._texts: tuple[PolicyText, ...] = ()

    def read(self) -> tuple[PolicyText, ...]:
        """Every policy, by name. Raises InputError where there is none, or one that cannot be read."""
        paths = self._paths()
        seen = _signature(paths)
        # Two writes within one tick of the clock look alike, so what was just found is read twice.
        if seen is None or seen != self._seen or not self._settled:
            self._settled = seen == self._seen
            self._texts = within_limits(map(read_file, paths), self._directory.as_posix())
            self._seen = seen
        return self._texts

    def _paths(self) -> list[Path]:
        directory = self._directory
        if not directory.is_dir():
            raise InputError(f"{directory.as_posix()}: there is no such directory")
        try:
            paths = sorted(path for path in directory.iterdir() if is_policy(path.name))
        except OSError as error:
            raise InputError(
                f"{directory.as_posix()}: cannot be read: {error.strerror}"
            ) from error
        if not paths:
            raise no_policies(directory.as_posix())
        return paths


Signature = tuple[tuple[str, int, int, int, int], ...]


def _signature(paths: Iterable[Path]) -> Signature | None:
    """What changes when a file does; None where that cannot be told."""
    try:
        stats = [(path.name, path.stat()) for path in paths]
    except OSError:
        return None
    return tuple((name, s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino) for name, s in stats)


def is_policy(name: str) -> bool:
    """Whether a file of this name is one; editors begin the names of theirs with a dot."""
    return name.endswith(SUFFIXES) and not name.startswith(".")


def no_policies(place: str) -> InputError:
    """An empty place is a mistake, not the wish to end all."""
    return InputError(f"{place}: there is no policy (*.yaml) in it")


def read_file(path: Path) -> PolicyText:
    """The beginning of a file, one byte more than it may have. Raises InputError."""
    file = path.as_posix()
    try:
        with path.open("rb") as stream:
            return PolicyText(file, stream.read(MAX_BYTES + 1))
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise InputError(Problem(Position(file, 1, 1), message)) from error


def within_limits(texts: Iterable[PolicyText], place: str) -> tuple[PolicyText, ...]:
    """All of the texts. Raises InputError as soon as they are more, or larger, than any set of policies is."""
    found: list[PolicyText] = []
    total = 0
    for text in texts:
        found.append(text)
        total += len(text.raw)
        if len(found) > MAX_POLICIES or total > MAX_TOTAL:
            limits = f"{MAX_POLICIES:,} policies or {MAX_TOTAL:,} bytes"
            raise InputError(f"{place}: there are more than {limits} in it")
    return tuple(found)


def fingerprint(texts: Iterable[PolicyText]) -> str:
    """The same for the same names and bytes, wherever they come from and in whatever order."""
    digest = hashlib.sha256()
    for name, raw in sorted((text.name, text.raw) for text in texts):
        digest.update(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest())
        digest.update(hashlib.sha256(raw).digest())
    return digest.hexdigest()
