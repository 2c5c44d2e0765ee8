"""Policies kept in S3: the objects below a prefix."""

from collections.abc import Iterator
from contextlib import closing

from guardian.aws.clients import Answer, Clients
from guardian.aws.faults import translating
from guardian.errors import InputError, NotFound, Unavailable
from guardian.policy.nodes import MAX_BYTES
from guardian.policy.source import PolicyText, is_policy, no_policies, within_limits

SCHEME = "s3://"
PAGE = 1_000
"""Objects, whatever they are."""
MAX_PAGES = 10


class S3PolicySource:
    """The policies `s3://bucket/prefix/*.yaml`. What has the ETag it had is not fetched again."""

    def __init__(self, clients: Clients, url: str) -> None:
        self._clients = clients
        self._bucket, _, prefix = url.removeprefix(SCHEME).partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._url = url
        self._fetched: dict[str, tuple[str, PolicyText]] = {}

    def read(self) -> tuple[PolicyText, ...]:
        """Every policy, by name.

        Raises InputError where there is none, AccessDenied, and Unavailable also for one that went while it was read.
        """
        listed = dict(sorted(self._listed()))
        if not listed:
            raise no_policies(self._url)
        texts = within_limits((self._text(key, etag) for key, etag in listed.items()), self._url)
        self._fetched = {key: known for key, known in self._fetched.items() if key in listed}
        return texts

    def _listed(self) -> Iterator[tuple[str, str]]:
        """The key and the ETag of every policy."""
        for page in self._pages():
            for item in page.get("Contents", ()):
                if is_policy(item["Key"].removeprefix(self._prefix)):
                    yield item["Key"], item["ETag"]

    def _pages(self) -> Iterator[Answer]:
        following: dict[str, object] = {}
        for _ in range(MAX_PAGES):
            page = self._page(following)
            yield page
            if not page.get("NextContinuationToken"):
                return
            following = {"ContinuationToken": page["NextContinuationToken"]}
        raise InputError(f"{self._url}: there are more than {MAX_PAGES * PAGE:,} objects in it")

    def _page(self, following: dict[str, object]) -> Answer:
        try:
            return self._clients.call(
                self._clients.hub,
                "s3",
                "ListObjectsV2",
                Bucket=self._bucket,
                Prefix=self._prefix,
                Delimiter="/",  # nothing that lies deeper
                MaxKeys=PAGE,
                **following,
            )
        except NotFound as error:
            raise InputError(f"{self._url}: there is no such bucket") from error

    def _text(self, key: str, etag: str) -> PolicyText:
        known = self._fetched.get(key)
        if known is None or known[0] != etag:
            known = self._fetched[key] = (etag, self._fetch(key))
        return known[1]

    def _fetch(self, key: str) -> PolicyText:
        hub = self._clients.hub
        try:
            answer = self._clients.call(hub, "s3", "GetObject", Bucket=self._bucket, Key=key)
        except NotFound as error:
            raise Unavailable(f"{self._url}: {key} went while it was read; read again") from error
        with translating("s3:GetObject", hub), closing(answer["Body"]) as body:
            return PolicyText(f"{SCHEME}{self._bucket}/{key}", body.read(MAX_BYTES + 1))
