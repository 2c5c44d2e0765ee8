"""What guardian needs to be the only one that acts."""

from typing import NoReturn, Protocol

from guardian.errors import Superseded
from guardian.lease import Lease


class Leases(Protocol):
    """The one lease of a journal's store. Any call may raise Unavailable or AccessDenied.

    None of these waits for other calls of the same journal: a backlog never delays a renewal.
    """

    def lease(self) -> Lease | None:
        """The lease as it is now; None where nobody ever took one."""
        ...

    def take(self, holder: str, seen: Lease | None) -> Lease | None:
        """Take it over, with a token that is larger than any before; None where it is not as it was `seen` any more.

        An answer that is lost may have been a yes: nobody has the lease then until it is taken again.
        """
        ...

    def renew(self, lease: Lease) -> Lease | None:
        """Tell that its holder lives; None where somebody took it over, or it was released."""
        ...

    def release(self, lease: Lease) -> None:
        """Let the next one take it at once; nothing where somebody took it over already."""
        ...


class Acting(Protocol):
    """Whether this process may act for guardian. Both raise Superseded, or end the process, where it may not."""

    def check(self) -> None:
        """By what is known here; costs nothing."""
        ...

    def make_sure(self) -> None:
        """By what the journal's store says. Raises Unavailable, AccessDenied."""
        ...

    def superseded(self, error: Superseded) -> NoReturn:
        """A write was refused, because somebody else acts by now."""
        ...


class Always:
    """People's commands take their turns without a lease."""

    def check(self) -> None:
        pass

    def make_sure(self) -> None:
        pass

    def superseded(self, error: Superseded) -> NoReturn:
        raise error
