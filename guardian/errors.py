"""What can go wrong, named by what to do next."""

from guardian.places import Problem


class GuardianError(Exception):
    """Anything guardian expects to go wrong; all else is a bug and may crash the job."""


class InputError(GuardianError):
    """Somebody wrote something wrong: correct it. One problem a line; `located` are those with a place."""

    def __init__(self, *problems: str | Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(map(str, problems))
        self.located = tuple(problem for problem in problems if isinstance(problem, Problem))


class AccessDenied(GuardianError):
    """A permission or a role is missing: grant it."""


class NotFound(GuardianError):
    """The thing is gone: look again at what is there."""


class Busy(GuardianError):
    """Somebody else is at work on it: come back in the next cycle."""


class Unavailable(GuardianError):
    """The same call may work later: throttled, timed out, unreachable."""


class Refused(GuardianError):
    """The service understood and said no: read why."""


class Superseded(GuardianError):
    """Another guardian took over: stop. Nothing of what was to be written was written."""
