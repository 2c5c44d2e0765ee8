"""Puts policies where the daemon reads them. Nothing there is ever deleted."""

from collections.abc import Collection, Mapping

from guardian.aws.clients import Clients
from guardian.aws.policy_objects import SCHEME, S3PolicySource
from guardian.errors import AccessDenied, InputError, NotFound, Refused
from guardian.policy.source import PolicyText
from guardian.ports.bootstrap import Uploaded

ELSEWHERE = ("PermanentRedirect", "IllegalLocationConstraint", "AuthorizationHeaderMalformed")
"""What S3 says where a bucket is in another region."""


class AwsPolicyShelf:
    """Writes with guardian's own credentials, into buckets of their account only."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def upload(self, place: str, texts: Collection[PolicyText]) -> Uploaded:
        there = self._there(place)
        ours = {text.name: text.raw for text in texts}
        put = [name for name, raw in sorted(ours.items()) if there.get(name) != raw]
        for name in put:
            self._put(place, name, ours[name])
        return Uploaded(
            put=tuple(put),
            same=tuple(sorted(set(ours) - set(put))),
            others=tuple(sorted(set(there) - set(ours))),
        )

    def _there(self, place: str) -> Mapping[str, bytes]:
        """What is there, by name. An empty place is none of anybody's mistakes here."""
        self._check(place)
        try:
            found = S3PolicySource(self._clients, place).read()
        except InputError:
            return {}
        return {text.name: text.raw for text in found}

    def _check(self, place: str) -> None:
        hub, bucket = self._clients.hub, _bucket(place)
        try:
            self._clients.call(
                hub, "s3", "GetBucketLocation", Bucket=bucket, ExpectedBucketOwner=hub.account
            )
        except NotFound as error:
            raise InputError(f"{place}: there is no such bucket") from error
        except AccessDenied as error:
            raise AccessDenied(
                f"{place}: not yours, or not of account {hub.account}: {error}"
            ) from error

    def _put(self, place: str, name: str, raw: bytes) -> None:
        hub = self._clients.hub
        prefix = place.removeprefix(SCHEME).partition("/")[2].strip("/")
        try:
            self._clients.call(
                hub,
                "s3",
                "PutObject",
                Bucket=_bucket(place),
                Key=f"{prefix}/{name}" if prefix else name,
                Body=raw,
                ContentType="application/yaml",
                ServerSideEncryption="AES256",
                ExpectedBucketOwner=hub.account,
            )
        except Refused as error:
            if any(word in str(error) for word in ELSEWHERE):
                raise InputError(f"{place}: the bucket is not in {hub.region}") from error
            raise


def _bucket(place: str) -> str:
    return place.removeprefix(SCHEME).partition("/")[0]
