"""How a setting names a secret that lies in Secrets Manager: as ECS does. Pure."""

import re
from dataclasses import dataclass

from guardian.errors import InputError

BEGINS = "arn:"
SHAPE = "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME, or that and :KEY:: for a key of a JSON secret"
_ARN = re.compile(
    r"(arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+)"
    r"(?::([^:]*):([^:]*):([^:]*))?"
)


@dataclass(frozen=True)
class SecretName:
    """`key` is that of a JSON secret, empty for all of it; `stage` and `version` are empty for the current one."""

    arn: str
    region: str
    key: str = ""
    stage: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.arn}:{self.key}::" if self.key else self.arn


def is_secret(written: str) -> bool:
    """Whether a setting means to name a secret, rightly or wrongly."""
    return written.startswith(BEGINS)


def parse_secret(written: str) -> SecretName:
    """The secret that is named. Raises InputError."""
    found = _ARN.fullmatch(written)
    if found is None:
        raise InputError(f"{written!r} names no secret: write {SHAPE}")
    arn, region, *rest = found.groups(default="")
    return SecretName(arn, region, *rest)
