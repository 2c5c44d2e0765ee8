"""Secrets by their ARN, out of Secrets Manager."""

import json
from collections.abc import Mapping

from guardian.aws.clients import Clients
from guardian.documents import Json
from guardian.errors import InputError
from guardian.ids import Region, Target
from guardian.secret_names import SecretName, parse_secret


class AwsSecrets:
    """Read by guardian's own role, in the region that the ARN names. No value is in any error."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(self, reference: str) -> str:
        """The secret, or what it has under a key. Raises InputError, AccessDenied, NotFound, Refused, Unavailable."""
        name = parse_secret(reference)
        said = self._clients.call(
            Target(self._clients.own_account, Region(name.region)),
            "secretsmanager",
            "GetSecretValue",
            SecretId=name.arn,
            **({"VersionStage": name.stage} if name.stage else {}),
            **({"VersionId": name.version} if name.version else {}),
        )
        found = _under(name, said.get("SecretString"))
        if not found.strip():
            raise InputError(f"{reference}: the secret is empty: write the token into it")
        return found.strip()


def _under(name: SecretName, value: object) -> str:
    if not isinstance(value, str):
        raise InputError(f"{name}: the secret is no text")
    if not name.key:
        return value
    try:
        document: Json = json.loads(value)
    except ValueError:  # what it says of its place would tell of the value
        document = None
    found = document.get(name.key) if isinstance(document, Mapping) else None
    if not isinstance(found, str):
        raise InputError(f"{name}: the secret is no JSON object with the text {name.key!r}")
    return found
