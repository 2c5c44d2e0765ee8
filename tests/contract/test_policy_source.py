"""Where policies come from: a directory and S3 keep the same promises."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from guardian.aws import policy_objects
from guardian.errors import AccessDenied, InputError, Unavailable
from guardian.policy.source import DirectorySource, PolicyText, fingerprint
from guardian.ports import PolicySource
from tests.contract.conftest import Connect, ask_for_fault
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import HttpCall

BUCKET = "guardian-policies"


class Store(Protocol):
    """Where somebody puts policies, and the source that reads them there."""

    place: str
    source: PolicySource

    def put(self, name: str, content: bytes) -> None: ...

    def remove(self, name: str) -> None: ...


@dataclass
class Folder:
    directory: Path
    source: PolicySource = field(init=False)

    def __post_init__(self) -> None:
        self.place = self.directory.as_posix()
        self.source = DirectorySource(self.directory)

    def put(self, name: str, content: bytes) -> None:
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def remove(self, name: str) -> None:
        (self.directory / name).unlink()


@dataclass
class Bucket:
    api: Any
    place: str
    source: PolicySource

    def put(self, name: str, content: bytes) -> None:
        self.api.put_object(Bucket=BUCKET, Key=self._key(name), Body=content)

    def remove(self, name: str) -> None:
        self.api.delete_object(Bucket=BUCKET, Key=self._key(name))

    def _key(self, name: str) -> str:
        prefix = self.place.removeprefix(f"s3://{BUCKET}").strip("/")
        return f"{prefix}/{name}" if prefix else name


@pytest.fixture
def bucket(connected: Connect, aws: Boto) -> Callable[[str], Bucket]:
    """Makes stores in S3, by their places."""
    api = aws("s3")
    api.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return lambda place: Bucket(api, place, connected().policies_at(place))


def in_s3(place: str) -> Any:
    return pytest.param(place, marks=pytest.mark.slow)


@pytest.fixture(params=["directory", in_s3("s3"), in_s3("s3 without a prefix")])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "directory":
        return Folder(tmp_path)
    make: Callable[[str], Bucket] = request.getfixturevalue("bucket")
    prefix = "" if "without" in request.param else "/production/policies"
    return make(f"s3://{BUCKET}{prefix}")


def test_policies_come_by_name_and_nothing_else_does(store: Store) -> None:
    others = ("README.md", ".a.yaml", "c.json", "deeper/d.yaml")
    for name in ("b.yml", "a.yaml", *others):
        store.put(name, name.encode())
    assert store.source.read() == (
        PolicyText(f"{store.place}/a.yaml", b"a.yaml"),
        PolicyText(f"{store.place}/b.yml", b"b.yml"),
    )


def test_every_read_sees_what_is_there_now(store: Store) -> None:
    store.put("a.yaml", b"one")
    for content in (b"two", b"six", b"seven"):
        store.put("a.yaml", content)
        assert [text.raw for text in store.source.read()] == [content]
    store.put("b.yaml", b"more")
    assert [text.name for text in store.source.read()] == ["a.yaml", "b.yaml"]
    store.remove("a.yaml")
    assert [text.name for text in store.source.read()] == ["b.yaml"]


def test_two_writes_within_a_tick_of_the_clock_are_both_seen(store: Store) -> None:
    for number in range(100, 130):
        store.put("a.yaml", f"{number}".encode())
        store.source.read()
    assert store.source.read()[0].raw == b"129"


def test_no_policies_are_an_error_that_names_the_place(store: Store) -> None:
    store.put("a.yaml", b"one")
    assert store.source.read()
    store.remove("a.yaml")
    with pytest.raises(InputError) as refused:
        store.source.read()
    assert str(refused.value) == f"{store.place}: there is no policy (*.yaml) in it"


def test_no_more_is_read_of_a_file_than_shows_that_it_is_too_large(store: Store) -> None:
    store.put("a.yaml", b"#" * 3_000_000)
    assert len(store.source.read()[0].raw) == 1_000_001


def test_all_policies_together_have_a_limit(store: Store) -> None:
    for number in range(21):
        store.put(f"{number}.yaml", b"#" * 1_000_000)
    with pytest.raises(InputError, match="more than 2,000 policies or 20,000,000 bytes in it"):
        store.source.read()


def test_the_same_policies_have_one_fingerprint_wherever_they_are(
    store: Store, tmp_path: Path
) -> None:
    other = Folder(tmp_path / "other")
    for each in (store, other):
        for name in ("a.yaml", "b.yaml"):
            each.put(name, name.encode())
    assert fingerprint(store.source.read()) == fingerprint(other.source.read())
    other.put("b.yaml", b"changed")
    assert fingerprint(store.source.read()) != fingerprint(other.source.read())


def test_what_did_not_change_is_fetched_once(
    bucket: Callable[[str], Bucket], http: HttpCall
) -> None:
    store = bucket(f"s3://{BUCKET}/x")
    store.put("a.yaml", b"a")
    store.put("b.yaml", b"b")
    store.source.read()
    store.put("b.yaml", b"changed")
    http("DELETE", "/localaws/calls")
    for _ in range(3):
        store.source.read()
    made = {call["operation"]: call["count"] for call in http("GET", "/localaws/calls")}
    assert made == {"GetObject": 1, "ListObjectsV2": 3}


@pytest.mark.parametrize(("objects", "error"), [(18, ""), (21, "there are more than 20 objects")])
def test_more_objects_than_one_page_of_s3_holds(
    bucket: Callable[[str], Bucket], monkeypatch: pytest.MonkeyPatch, objects: int, error: str
) -> None:
    monkeypatch.setattr(policy_objects, "PAGE", 2)
    store = bucket(f"s3://{BUCKET}/x")
    for number in range(objects):
        store.put(f"{number:04}.txt", b"")
    store.put("z.yaml", b"z")
    if error:
        with pytest.raises(InputError, match=error):
            store.source.read()
    else:
        assert [text.name for text in store.source.read()] == ["z.yaml"]


def test_a_bucket_that_is_not_there_is_an_error_that_names_it(connected: Connect) -> None:
    with pytest.raises(InputError, match="s3://guardian-nowhere/x: there is no such bucket"):
        connected().policies_at("s3://guardian-nowhere/x").read()


@pytest.mark.parametrize(
    ("operation", "error", "status", "raised"),
    [
        ("ListObjectsV2", "AccessDenied", 403, AccessDenied),
        ("GetObject", "AccessDenied", 403, AccessDenied),
        ("ListObjectsV2", "SlowDown", 503, Unavailable),
        ("GetObject", "InternalError", 500, Unavailable),
        ("GetObject", "NoSuchKey", 404, Unavailable),
    ],
)
def test_what_s3_refuses_is_one_of_guardians_errors(
    bucket: Callable[[str], Bucket],
    http: HttpCall,
    operation: str,
    error: str,
    status: int,
    raised: type[Exception],
) -> None:
    store = bucket(f"s3://{BUCKET}/x")
    store.put("a.yaml", b"a")
    ask_for_fault(http, "s3", operation=operation, error=error, status=status, times=9)
    with pytest.raises(raised, match=r"s3:|s3://"):
        store.source.read()
    http("DELETE", "/localaws/faults")
    assert store.source.read()[0].raw == b"a"
