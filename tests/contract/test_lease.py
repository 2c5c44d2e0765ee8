"""What the lease of every journal promises."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from guardian.digest import Window
from guardian.errors import Superseded
from guardian.lease import Lease
from guardian.ports import Journal
from tests.contract.journals import HOUR, NINE, Place, drift, notice, stopped


def held(journal: Journal, holder: str = "a 1") -> Lease:
    lease = journal.take(holder, journal.lease())
    assert lease
    return lease


def test_a_lease_is_taken_once(place: Place) -> None:
    journal, other = place.open(), place.open()
    assert journal.lease() is None
    lease = journal.take("a 1", None)
    assert lease == Lease(1, "a 1", 0) == other.lease()
    assert other.take("b 1", None) is None


def test_a_lease_is_taken_over_as_it_was_seen(place: Place) -> None:
    journal, other = place.open(), place.open()
    lease = held(journal)
    seen = other.lease()
    renewed = journal.renew(lease)
    assert renewed == Lease(1, "a 1", 1)
    assert other.take("b 1", seen) is None
    assert other.take("b 1", other.lease()) == Lease(2, "b 1", 0)


def test_who_lost_a_lease_can_neither_renew_nor_release_it(place: Place) -> None:
    journal, other = place.open(), place.open()
    lost, lease = held(journal), held(other, "b 1")
    assert journal.renew(lost) is None
    journal.release(lost)
    assert other.lease() == lease
    assert other.renew(lease) == Lease(2, "b 1", 1)


def test_a_renewal_whose_answer_was_lost_harms_nothing(place: Place) -> None:
    journal = place.open()
    lease = held(journal)
    journal.renew(lease)
    assert journal.renew(lease) == Lease(1, "a 1", 2)


def test_a_released_lease_is_free_and_its_token_stays_used(place: Place) -> None:
    journal, other = place.open(), place.open()
    lease = held(journal)
    journal.renew(lease)
    journal.release(lease)
    free = other.lease()
    assert free
    assert (free.free, free.token) == (True, lease.token)
    assert journal.renew(lease) is None
    assert other.take("b 1", free) == Lease(2, "b 1", 0)


def test_of_many_who_take_at_once_one_succeeds(place: Place) -> None:
    journals = [place.open() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        leases = list(pool.map(lambda journal: journal.take("someone", None), journals))
    assert sorted(lease is not None for lease in leases) == [False, False, False, True]


WRITES: dict[str, Callable[[Journal], object]] = {
    "record": lambda journal: journal.record([stopped()]),
    "note": lambda journal: journal.note([drift()]),
    "intend": lambda journal: journal.intend(stopped()),
    "settle": lambda journal: journal.settle(stopped("intended"), [stopped()]),
    "settle nothing": lambda journal: journal.settle(stopped("intended"), []),
    "remember": lambda journal: journal.remember("pause", "now"),
    "forget": lambda journal: journal.forget("known"),
    "claim": lambda journal: journal.claim("#data", Window(NINE, NINE + HOUR), NINE),
    "posted": lambda journal: journal.posted("#told", Window(NINE, NINE + HOUR), "C1/1"),
    "foresee": lambda journal: journal.foresee([notice()]),
    "claim_warning": lambda journal: journal.claim_warning(notice("old").identity, NINE, NINE),
    "release_warning": lambda journal: journal.release_warning(notice("old").identity),
    "posted_warning": lambda journal: journal.posted_warning(notice("old").identity, ["C1/1"]),
    "answer_warning": lambda journal: journal.answer_warning(notice("old").identity, "kept"),
}


def state(journal: Journal) -> tuple[object, ...]:
    """All that a journal tells."""
    return (
        journal.outcomes(NINE - HOUR, NINE + HOUR),
        journal.findings(NINE - HOUR, NINE + HOUR),
        journal.intended(),
        journal.recall("pause"),
        journal.recall("known"),
        journal.unfinished("#data"),
        journal.unfinished("#told"),
        journal.unposted(),
        journal.warned(notice("old").identity),
    )


@pytest.mark.parametrize("name", WRITES)
def test_a_fenced_journal_writes_nothing_after_somebody_took_over(
    place: Place,
    name: str,
) -> None:
    journal, other = place.open(), place.open()
    journal.fence(held(journal))
    journal.intend(stopped("intended"))
    journal.remember("known", "this")
    journal.claim("#told", Window(NINE, NINE + HOUR), NINE)
    journal.foresee([notice("old")])
    held(other, "b 1")
    before = state(other)
    with pytest.raises(Superseded, match="taken over"):
        WRITES[name](journal)
    assert state(other) == before


def test_a_fenced_journal_writes_on_while_its_lease_is_its_own(place: Place) -> None:
    journal = place.open()
    lease = held(journal)
    journal.fence(lease)
    journal.renew(lease)
    for write in WRITES.values():
        write(journal)
    assert journal.outcomes(NINE, NINE + HOUR) == (stopped(),)


def test_who_is_not_fenced_writes_whoever_holds_the_lease(place: Place) -> None:
    held(place.open())
    assert place.open().record([stopped()]) == 1


def test_who_is_fenced_still_reads(place: Place) -> None:
    journal, other = place.open(), place.open()
    journal.fence(held(journal))
    held(other)
    other.record([stopped()])
    assert journal.outcomes(NINE, NINE + HOUR) == (stopped(),)


def test_a_renewal_does_not_wait_for_what_is_being_recorded(place: Place) -> None:
    journal = place.open()
    lease = held(journal)

    def slowly() -> object:
        yield stopped("first")
        assert journal.renew(lease)  # from within a write of the same journal
        yield stopped("second")

    assert journal.record(slowly()) == 2  # type: ignore[arg-type]
