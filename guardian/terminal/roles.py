"""What `guardian iam` prints."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from guardian.stack.grants import Grant, Role

FEW = 3
"""So many kinds are named, more are counted."""


def lines(roles: Iterable[Role]) -> Iterator[str]:
    """The roles for people: what for, and then what each may do, and on what."""
    for number, role in enumerate(roles):
        if number:
            yield ""
        yield f"{role.name}: {role.used_by}"
        for purpose, grants in groupby(role.grants, lambda grant: grant.purpose):
            yield f"  to {purpose.value}"
            for grant in grants:
                yield f"    {', '.join(grant.actions)}"
                yield f"      on {grant.resource}{_kinds(grant)}"


def _kinds(grant: Grant) -> str:
    if not grant.kinds:
        return ""
    count = len(grant.kinds)
    return f" ({', '.join(grant.kinds) if count <= FEW else f'{count} kinds'})"
