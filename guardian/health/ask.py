"""Asks a guardian that runs on this machine how it is."""

import http.client

from guardian.errors import InputError, Unavailable
from guardian.policy.values import Listen

WITHIN = 4.0
"""Seconds for each part of the answer: what asks gives up after five, often."""
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where one listens, not where one asks
LONGEST = 200


def address(health: Listen | None) -> Listen:
    """Where to ask a guardian with that setting. Raises InputError where nobody can know."""
    if health is None:
        raise InputError("health is off: set health, or GUARDIAN_HEALTH, to a port")
    if health.port == 0:
        raise InputError("health is any free port: only a port with a number can be asked")
    return Listen(ANYWHERE.get(health.host, health.host), health.port)


def ask(where: Listen, path: str) -> str:
    """The first line of the answer to a path, cut where it is long. Raises Unavailable where it is not a 200."""
    connection = http.client.HTTPConnection(where.host, where.port, timeout=WITHIN)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = answer.read(LONGEST).decode(errors="replace").partition("\n")[0]
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"nobody answers on {where}: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise Unavailable(f"{where} answers {answer.status}: {said}")
    return said
