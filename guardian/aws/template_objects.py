"""Templates that are too large for a call lie in S3, under their fingerprints."""

from collections.abc import Mapping
from urllib.parse import quote

from guardian.aws.clients import Clients
from guardian.aws.policy_objects import SCHEME
from guardian.aws.regions import dns_suffix
from guardian.desire import WantedStackSet
from guardian.errors import InputError, NotFound

MAX_INLINE = 51_200
"""Bytes of a template within a call."""
MAX_OBJECT = 1_000_000
"""Bytes of a template in S3; AWS says 1 MB."""


class TemplateObjects:
    """Where large templates are put: `s3://bucket/prefix`, a bucket of the hub's account in its home region.

    Without a place no large template can go out.
    """

    def __init__(self, clients: Clients, place: str) -> None:
        self._clients = clients
        self._place = place
        self._bucket, _, prefix = place.removeprefix(SCHEME).partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def argument(self, wanted: WantedStackSet) -> Mapping[str, str]:
        """The template as an argument of a StackSets call; a large one is put into S3.

        Raises InputError for one that is too large, and for a bucket that is not there; AccessDenied for
        one that is another account's.
        """
        size = len(wanted.template.encode())
        if size <= MAX_INLINE:
            return {"TemplateBody": wanted.template}
        if size > MAX_OBJECT:
            raise InputError(f"{_described(wanted, size, MAX_OBJECT)}: name fewer kinds")
        if not self._place:
            raise InputError(
                f"{_described(wanted, size, MAX_INLINE)} within a call: name fewer kinds or "
                "exemptions, or set `templates: s3://bucket/prefix`"
            )
        return {"TemplateURL": self._put(wanted)}

    def _put(self, wanted: WantedStackSet) -> str:
        """The URL of the template, now in S3."""
        key = f"{self._prefix}{wanted.name}-{wanted.fingerprint}.json"
        region = self._clients.hub.region
        # By path: a bucket with a dot in its name has no certificate of its own.
        url = f"https://s3.{region}.{dns_suffix(region)}/{self._bucket}/{key}"
        version = self._version(key, wanted.template.encode())
        # The very object that was put, whoever writes there meanwhile.
        return f"{url}?versionId={quote(version)}" if version else url

    def _version(self, key: str, body: bytes) -> str:
        """The version that the object got; empty in a bucket that keeps none."""
        hub = self._clients.hub
        try:
            answer = self._clients.call(
                hub,
                "s3",
                "PutObject",
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                ServerSideEncryption="AES256",
                # What lies there goes out with an administrator's rights: never through a stranger's bucket.
                ExpectedBucketOwner=hub.account,
            )
        except NotFound as error:
            raise InputError(f"{self._place}: there is no such bucket") from error
        return str(answer.get("VersionId", ""))


def _described(wanted: WantedStackSet, size: int, limit: int) -> str:
    what = wanted.description.removeprefix("guardian: ")
    return f"{what} ({wanted.name}): its template has {size:,} bytes and AWS takes {limit:,}"
