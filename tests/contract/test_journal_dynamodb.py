"""What a journal in DynamoDB promises beside what every journal does."""

import json
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from guardian.digest import Window
from guardian.errors import InputError, Refused, Unavailable
from guardian.journal import Tables
from guardian.journal.dynamodb import DynamoJournal
from guardian.ports import Table
from guardian.ports.table import Key, Put, item
from tests.contract.conftest import ask_for_fault
from tests.contract.journals import (
    HOUR,
    NINE,
    Hand,
    Place,
    client,
    drift,
    make_table,
    notice,
    stopped,
)
from tests.localaws.conftest import HttpCall

TRANSACT = "TransactWriteItems"
DAY = timedelta(days=1)


@pytest.fixture
def place(endpoint: str, tables: Tables) -> Place:
    return Place(make_table(endpoint), Hand(), tables)


@pytest.fixture
def table(place: Place, tables: Tables) -> Table:
    return tables(place.url.removeprefix("dynamodb://"))


@pytest.fixture
def faulty(http: HttpCall) -> Any:
    yield lambda **fault: ask_for_fault(http, "dynamodb", **fault)
    http("DELETE", "/localaws/faults")


def noise(size: int) -> str:
    """A text that cannot be packed much."""
    return random.Random(size).randbytes(size // 2).hex()  # noqa: S311 - no secret


def test_a_throttled_table_delays_and_loses_nothing(place: Place, faulty: Any) -> None:
    journal = place.open()
    faulty(operation=TRANSACT, error="ThrottlingException", every=2, times=2)
    assert journal.record(stopped(f"{n}") for n in range(60)) == 60
    assert len(journal.outcomes(NINE, NINE + HOUR)) == 60


def test_a_table_that_stays_away_is_unavailable_and_half_a_batch_is_written_again(
    place: Place, faulty: Any
) -> None:
    journal = place.open()
    batch = [stopped(f"{n}") for n in range(60)]
    faulty(operation=TRANSACT, error="ThrottlingException", every=2, times=1)
    faulty(operation=TRANSACT, error="AccessDeniedException", times=1)
    with pytest.raises(Exception, match="AccessDenied"):
        journal.record(batch)
    faulty(operation=TRANSACT, error="InternalServerError", status=500, times=4)
    with pytest.raises(Unavailable):
        journal.record(batch)
    journal.record(batch)
    assert len(journal.outcomes(NINE, NINE + HOUR)) == 60


def test_answers_that_are_lost_are_no_refusals(place: Place, faulty: Any) -> None:
    journal = place.open()
    lost = {"operation": TRANSACT, "error": "InternalServerError", "status": 500, "lost": True}
    faulty(**lost)
    assert journal.record([stopped()]) == 1
    faulty(**lost)
    assert journal.claim("#data", Window(NINE, NINE + HOUR), NINE)
    faulty(**lost)
    lease = journal.take("a 1", None)
    assert lease
    faulty(**lost)
    assert journal.renew(lease)


def test_a_lease_in_a_table_that_is_gone_is_unavailable(place: Place, endpoint: str) -> None:
    journal = place.open()
    lease = journal.take("a 1", None)
    assert lease
    client(endpoint).delete_table(TableName=place.url.removeprefix("dynamodb://"))
    with pytest.raises(Unavailable):
        journal.renew(lease)
    with pytest.raises(Unavailable):
        journal.lease()


def test_long_facts_are_packed_and_read_back_whole(place: Place) -> None:
    journal = place.open()
    long = replace(stopped(), facts={"arguments": ["x" * 900_000]})
    hard = replace(stopped("hard"), facts={"arguments": noise(400_000)})
    journal.record([long, hard])
    assert set(map(str, journal.outcomes(NINE, NINE + HOUR))) == {str(long), str(hard)}


def test_what_is_too_long_is_cut_and_holds_nothing_up(place: Place) -> None:
    journal = place.open()
    facts = {"noise": noise(1_100_000)}
    huge = [replace(stopped(noise(400_000) + end), facts=facts) for end in ("a", "b")]
    assert journal.record([*huge, stopped()]) == 3
    assert journal.record(huge) == 0
    found = journal.outcomes(NINE, NINE + HOUR)
    assert len(found) == 3
    cut = [each for each in found if "left out" in each.facts]
    assert len({each.id for each in cut}) == 2
    assert all(each.id.startswith(huge[0].id[:900]) for each in cut)
    assert (cut[0].owner, cut[0].started) == (huge[0].owner, huge[0].started)


def test_an_intention_that_had_to_be_cut_is_settled(place: Place) -> None:
    journal = place.open()
    huge = replace(stopped(noise(400_000)), facts={"noise": noise(400_000)})
    journal.intend(huge)
    (kept,) = journal.intended()
    journal.settle(kept, [kept])
    assert journal.intended() == ()
    journal.intend(huge)
    journal.settle(huge, [])
    assert journal.intended() == ()


def test_a_notice_that_had_to_be_cut_is_posted_once(place: Place) -> None:
    journal = place.open()
    huge = replace(notice(), facts={"noise": noise(1_100_000)})
    assert journal.foresee([huge]) == 1
    (kept,) = journal.unposted()
    assert journal.claim_warning(kept.identity, NINE, NINE)
    journal.posted_warning(kept.identity, ["C1/1"])
    assert journal.unposted() == ()
    assert journal.foresee([huge]) == 0


def test_what_is_remembered_may_be_long_and_is_refused_where_it_is_too_long(place: Place) -> None:
    journal = place.open()
    template = json.dumps({f"Resource{n}": {"Type": "AWS::Events::Rule"} for n in range(20_000)})
    journal.remember("template", template)
    assert journal.recall("template") == template
    with pytest.raises(Refused, match="too long"):
        journal.remember("template", noise(1_100_000))
    assert journal.recall("template") == template


def test_more_than_a_transaction_takes_is_settled(place: Place) -> None:
    journal = place.open()
    journal.intend(stopped("intended"))
    journal.settle(stopped("intended"), [stopped(f"{n}") for n in range(120)])
    assert journal.intended() == ()
    assert len(journal.outcomes(NINE, NINE + HOUR)) == 120


def test_notices_of_a_crowd_are_all_written(place: Place) -> None:
    journal = place.open()
    assert journal.foresee(notice(f"{n % 80}") for n in range(100)) == 80
    assert len(journal.unposted()) == 80


def test_all_that_was_ever_learned_can_be_asked_for(place: Place) -> None:
    journal = place.open()
    for days in (0, 3, 300):
        place.clock.now = NINE + days * DAY
        journal.record([stopped(f"after {days}")])
    found = journal.outcomes(NINE.replace(year=1), NINE.replace(year=9000))
    assert {each.id for each in found} == {"after 0", "after 3", "after 300"}
    assert journal.outcomes(NINE, NINE) == ()


def test_a_writer_that_does_not_know_of_a_claim_writes_into_the_next_window(place: Place) -> None:
    journal, other = place.open(), place.open()
    journal.record([stopped("before")])
    place.clock.now = NINE + HOUR
    other.claim("#data", Window(NINE, NINE + HOUR), NINE)
    place.clock.now = NINE
    journal.record([stopped("after")])
    assert [each.id for each in journal.outcomes(NINE, NINE + HOUR)] == ["before"]
    assert [each.id for each in journal.outcomes(NINE + HOUR, NINE + 2 * HOUR)] == ["after"]


def test_what_happened_expires_and_what_guardian_needs_does_not(
    place: Place, table: Table
) -> None:
    journal = place.open()
    lease = journal.take("a 1", None)
    assert lease
    journal.fence(lease)
    journal.record([stopped()])
    journal.note([drift()])
    journal.foresee([notice()])
    journal.intend(stopped("intended"))
    journal.remember("pause", "now")
    journal.claim("#data", Window(NINE, NINE + HOUR), NINE)
    journal.claim("#data", Window(NINE + HOUR, NINE + 2 * HOUR), NINE)
    journal.posted("#data", Window(NINE, NINE + HOUR), "C1/1")
    found = {(str(each["pk"]), str(each["sk"])): each.get("expires") for each in table.scan()}
    kept = {
        pk.partition("#")[0] + " " + sk.partition("#")[0] for (pk, sk), e in found.items() if not e
    }
    assert kept == {
        "journal version",
        "journal horizon",
        "lease lease",
        "lease fence",
        f"intents {stopped('intended').identity}",
        "memory name",
        "channel head",
        "channel open",
    }
    assert min(e for e in found.values() if e) == int((NINE + 400 * DAY).timestamp())


def test_names_are_kept_apart_whatever_is_in_them(place: Place) -> None:
    journal = place.open()
    names = ["", "a", "a#b", "\ud800", "\ud801", "é"]
    for number, name in enumerate(names):
        journal.remember(name, str(number))
        journal.claim(name, Window(NINE, NINE + (number + 1) * HOUR), NINE)
    assert [journal.recall(name) for name in names] == [str(n) for n in range(len(names))]
    for number in (500, 501):
        journal.remember("名" * number, str(number))
    assert [journal.recall("名" * number) for number in (500, 501)] == ["500", "501"]
    ends = [journal.unfinished(name)[0].until for name in names]
    assert ends == [NINE + (n + 1) * HOUR for n in range(len(names))]


def test_a_table_that_is_not_there_is_told_and_how_to_make_it(tables: Tables) -> None:
    with pytest.raises(InputError, match=r"no such table.*hub\.yaml"):
        Place("dynamodb://none-such", Hand(), tables).open()


def test_a_table_with_other_keys_is_refused(endpoint: str, tables: Tables) -> None:
    client(endpoint).create_table(
        TableName="other-keys",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(InputError, match="cannot be used"):
        Place("dynamodb://other-keys", Hand(), tables).open()


def test_a_table_of_another_program_is_left_alone(place: Place, table: Table) -> None:
    table.write([Put(item(Key("theirs", "1")))])
    with pytest.raises(InputError, match="some other program"):
        place.open()
    assert len(list(table.scan())) == 1


def test_a_journal_of_a_later_version_is_refused(place: Place, table: Table) -> None:
    place.open()
    table.write([Put(item(Key("journal", "version"), program="guardian", version=99))])
    with pytest.raises(InputError, match=r"version 99.*upgrade"):
        place.open()


def test_a_journal_of_an_earlier_version_is_brought_forward(place: Place, table: Table) -> None:
    place.open().record([stopped()])
    done: list[int] = []

    def second(found: Table) -> None:
        done.append(2)
        found.write([Put(item(Key("journal", "new in 2")))])

    def third(_: Table) -> None:
        done.append(3)

    journal = DynamoJournal(table, place.clock, (second, third))
    assert done == [2, 3]
    assert journal.outcomes(NINE, NINE + HOUR) == (stopped(),)
    DynamoJournal(table, place.clock, (second, third))
    assert done == [2, 3]
    with pytest.raises(InputError, match=r"version 3.*upgrade"):
        place.open()


def test_a_migration_that_was_cut_off_is_done_again(place: Place, table: Table) -> None:
    place.open()
    attempts: list[int] = []

    def cut_off_once(_: Table) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise Unavailable("it went away")

    with pytest.raises(Unavailable):
        DynamoJournal(table, place.clock, (cut_off_once,))
    DynamoJournal(table, place.clock, (cut_off_once,))
    assert len(attempts) == 2


def test_a_new_table_begins_with_the_newest_version(place: Place, table: Table) -> None:
    def never(_: Table) -> None:
        pytest.fail("there is nothing to bring forward")

    DynamoJournal(table, place.clock, (never,))
