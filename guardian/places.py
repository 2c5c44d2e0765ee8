"""Where something stands in a file, and what is wrong there."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Position:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


Place = Position | str
"""Where a value was written: in a file, or the name of an environment variable."""


@dataclass(frozen=True)
class Problem:
    """Something wrong, or odd, and where."""

    at: Place
    message: str

    def __str__(self) -> str:
        return f"{self.at}: {self.message}"
