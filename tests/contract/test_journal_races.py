"""Several at one journal at once, threads and processes: nothing is lost, and nobody does what another does."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from guardian.digest import Window
from guardian.errors import Superseded
from guardian.ports import Journal
from tests.contract.conftest import surroundings
from tests.contract.journals import HOUR, NINE, Place, stopped

MINUTE = timedelta(minutes=1)

RACER = """
import json, sys
from guardian.digest import Window
from guardian.journal import open_journal
from tests.contract.journals import HOUR, NINE, stopped

url, name = sys.argv[1:]
tables = None
if url.startswith("dynamodb"):
    from guardian.aws.connect import connect
    from guardian.aws.options import AwsOptions
    from guardian.clock import system_now
    from guardian.ids import AccountId, Region
    options = AwsOptions(home_region=Region("eu-west-1"), hub_account=AccountId("123456789012"))
    tables = connect(options, system_now, lambda _: False).table
journal = open_journal(url, lambda: NINE, tables)
print("ready", flush=True)
sys.stdin.readline()
claimed, tokens, new = [], [], 0
for n in range(8):
    window = Window(NINE + n * HOUR, NINE + (n + 1) * HOUR)
    if journal.claim("#data", window, NINE):
        claimed.append(n)
    lease = journal.take(name, journal.lease())
    if lease:
        tokens.append(lease.token)
    new += journal.record([stopped(f"{n}")])
print(json.dumps([claimed, tokens, new]))
"""


@pytest.mark.slow
def test_of_two_processes_each_claim_and_each_token_is_one_s(
    place: Place, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place.open()
    on_aws = place.url.startswith("dynamodb")
    endpoint = request.getfixturevalue("endpoint") if on_aws else "http://127.0.0.1:1"
    racers = [
        subprocess.Popen(  # noqa: S603 -- our own interpreter
            [sys.executable, "-c", RACER, place.url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, **surroundings(endpoint, tmp_path)},
        )
        for name in ("a 1", "b 2")
    ]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n"
    told = [racer.communicate("go\n", timeout=60)[0] for racer in racers]
    (claims, tokens, new), (other_claims, other_tokens, other_new) = map(json.loads, told)
    assert not set(claims) & set(other_claims)
    assert not set(tokens) & set(other_tokens)
    assert new + other_new == 8
    lease = place.open().lease()
    assert lease
    assert lease.token == max([*tokens, *other_tokens]) == len(tokens) + len(other_tokens)


def test_every_outcome_is_in_one_window_and_what_was_claimed_changes_no_more(place: Place) -> None:
    writers, teller = [place.open() for _ in range(2)], place.open()
    told: list[tuple[Window, list[str]]] = []

    def write(writer: Journal, name: int) -> None:
        for number in range(12):
            writer.record([stopped(f"{name}-{number}")])

    def read(window: Window) -> list[str]:
        return [each.id for each in teller.outcomes(window.since, window.until)]

    with ThreadPoolExecutor(2) as pool:
        written = [pool.submit(write, writer, name) for name, writer in enumerate(writers)]
        for minute in range(8):
            window = Window(NINE + minute * MINUTE, NINE + (minute + 1) * MINUTE)
            teller.claim("#data", window, NINE)
            told.append((window, read(window)))
            place.clock.now += MINUTE / 2  # behind what is claimed
    for each in written:
        each.result()
    told.append((last := Window(NINE + 8 * MINUTE, NINE + HOUR), read(last)))
    assert [read(window) for window, _ in told] == [found for _, found in told]
    assert sorted(name for _, found in told for name in found) == sorted(
        f"{name}-{number}" for name in range(2) for number in range(12)
    )


def test_a_holder_writes_until_it_is_superseded_and_nothing_after(place: Place) -> None:
    holder, other = place.open(), place.open()
    lease = holder.take("a 1", None)
    assert lease
    holder.fence(lease)

    def write() -> int:
        for number in range(10_000):
            try:
                holder.record([stopped(f"{number}")])
            except Superseded:
                return number
        pytest.fail("nobody took over")

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while len(other.outcomes(NINE, NINE + HOUR)) < 3:
            pass
        assert other.take("b 1", other.lease())
        before = len(other.outcomes(NINE, NINE + HOUR))
        count = writing.result(timeout=60)
    assert count == before == len(other.outcomes(NINE, NINE + HOUR))
