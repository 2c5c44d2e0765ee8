"""Templates and lists of accounts that lie in local S3."""

from urllib.parse import parse_qs, urlparse

from moto.cloudformation.exceptions import ValidationError
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

LOOPBACK = ("127.0.0.1", "localhost")


def read_object(url: str, account: str) -> str:
    """The text of an object, whatever style its URL has, of one version if it says so. Raises ValidationError."""
    parts = urlparse(url)
    host, path = parts.hostname or "", parts.path.lstrip("/")
    version = parse_qs(parts.query).get("versionId", [None])[0]
    if host in LOOPBACK or host.startswith(("s3.", "s3-")):
        bucket, _, key = path.partition("/")
    else:
        bucket, key = host.split(".")[0], path
    try:
        found = s3_backends[account]["aws"].get_object(bucket, key, version_id=version)
    except S3ClientError as error:
        raise ValidationError(message=f"S3 error: {error.code}: {url}") from error
    if found is None:
        raise ValidationError(message=f"S3 error: The specified key does not exist: {url}")
    return str(found.value.decode())
