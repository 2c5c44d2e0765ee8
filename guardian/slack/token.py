"""A Slack token: written in a setting, or read from where the setting says."""

from collections.abc import Callable
from threading import Lock

from guardian.secret_names import is_secret

Read = Callable[[str], str]
"""The secret of a name."""


def _nowhere(name: str) -> str:
    raise AssertionError(f"nobody can read {name}")


class Token:
    """May be used by many threads."""

    def __init__(self, written: str, read: Read = _nowhere) -> None:
        self._written, self._read = written, read
        self._value = "" if is_secret(written) else written
        self._lock = Lock()

    def __bool__(self) -> bool:
        """Whether there is one, read yet or not."""
        return bool(self._written)

    def value(self) -> str:
        """The token; a secret is read when it is needed first. Raises what reading it raises."""
        with self._lock:
            if not self._value and is_secret(self._written):
                self._value = self._read(self._written)
            return self._value

    def renewed(self, bad: str) -> bool:
        """Read it anew, since Slack takes `bad` no more; answers whether it is another by now."""
        if not is_secret(self._written):
            return False
        with self._lock:
            if self._value == bad:  # else another thread has read it
                self._value = self._read(self._written)
            return self._value != bad


def token_of(token: str | Token) -> Token:
    return token if isinstance(token, Token) else Token(token)
