"""One guardian acts: it waits for the lease, renews it, and ends when it has lost it."""

from threading import Event
from typing import NoReturn

import pytest

from guardian.daemon.tenure import Tenure
from guardian.errors import Superseded, Unavailable
from guardian.lease import LASTS, Lease, released, taken
from guardian.ports import Leases


class Lost(Exception):
    """The process would have ended."""


def lose(reason: str) -> NoReturn:
    raise Lost(reason)


class Store(Leases):
    """A lease in memory; `moves` is what happens between two looks at it."""

    def __init__(self, there: Lease | None = None) -> None:
        self.there = there
        self.broken = 0

    def lease(self) -> Lease | None:
        if self.broken:
            self.broken -= 1
            raise Unavailable("the store")
        return self.there

    def take(self, holder: str, seen: Lease | None) -> Lease | None:
        if self.there != seen:
            return None
        self.there = taken(seen, holder)
        return self.there

    def renew(self, lease: Lease) -> Lease | None:
        if self.broken:
            self.broken -= 1
            raise Unavailable("the store")
        if self.there is None or self.there.token != lease.token or self.there.free:
            return None
        self.there = Lease(lease.token, lease.holder, self.there.beat + 1)
        return self.there

    def release(self, lease: Lease) -> None:
        if self.there and self.there.token == lease.token:
            self.there = released(self.there)


class Stopwatch:
    """A monotonic clock; every wait lets time pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Stopping(Event):
    def __init__(self, clock: Stopwatch) -> None:
        super().__init__()
        self.clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self.clock.now += timeout or 0
        return self.is_set()


@pytest.fixture
def clock() -> Stopwatch:
    return Stopwatch()


@pytest.mark.parametrize("there", [None, Lease(4, "")], ids=["never had", "released"])
def test_a_free_lease_is_taken_at_once(clock: Stopwatch, there: Lease | None) -> None:
    store, tenure = Store(there), Tenure(lose, clock)
    lease = tenure.wait(store, Stopping(clock))
    assert lease == store.there
    assert clock.now == 1000
    assert tenure.standing.held
    assert tenure.standing.token == (there.token + 1 if there else 1)


def test_a_lease_that_nobody_renews_is_taken_when_it_has_lasted(clock: Stopwatch) -> None:
    tenure = Tenure(lose, clock)
    lease = tenure.wait(Store(Lease(4, "other:1", 9)), Stopping(clock))
    assert lease is not None
    assert lease.token == 5
    assert LASTS.total_seconds() <= clock.now - 1000 <= 30


def test_a_lease_that_is_renewed_is_waited_for(clock: Stopwatch) -> None:
    class Renewed(Store):
        def lease(self) -> Lease | None:
            assert self.there
            if clock.now < 1600:
                self.there = Lease(4, "other:1", self.there.beat + 1)
            return self.there

    tenure = Tenure(lose, clock)
    assert tenure.wait(Renewed(Lease(4, "other:1")), Stopping(clock))
    assert clock.now >= 1600 + LASTS.total_seconds() - 2


def test_a_standby_says_for_whom_it_waits_and_ends_when_told(clock: Stopwatch) -> None:
    stopping = Stopping(clock)

    class Ended(Store):
        def lease(self) -> Lease | None:
            stopping.set()
            return self.there

    tenure = Tenure(lose, clock)
    assert tenure.wait(Ended(Lease(4, "other:1")), stopping) is None
    assert tenure.standing.reason == "standby: other:1 holds the lease"
    tenure.check()  # it may look around


def test_a_store_that_does_not_answer_is_asked_again(clock: Stopwatch) -> None:
    store = Store()
    store.broken = 3
    assert Tenure(lose, clock).wait(store, Stopping(clock))


def held(clock: Stopwatch) -> tuple[Tenure, Store]:
    tenure, store = Tenure(lose, clock), Store()
    assert tenure.wait(store, Stopping(clock))
    return tenure, store


def test_it_may_act_until_its_last_renewal_is_too_old(clock: Stopwatch) -> None:
    tenure, store = held(clock)
    clock.now += 15
    tenure.renew()
    clock.now += 19
    tenure.check()
    store.broken = 1
    tenure.renew()
    clock.now += 1
    with pytest.raises(Lost, match="could not be renewed in time"):
        tenure.check()


def test_it_ends_when_somebody_took_the_lease_over(clock: Stopwatch) -> None:
    tenure, store = held(clock)
    store.there = taken(store.there, "other:2")
    with pytest.raises(Lost, match="took the lease 1 over"):
        tenure.renew()
    with pytest.raises(Lost, match="took the lease 1 over"):
        tenure.make_sure()
    with pytest.raises(Lost, match="refused"):
        tenure.superseded(Superseded("refused"))


def test_what_was_given_up_is_free_and_lets_nobody_act(clock: Stopwatch) -> None:
    tenure, store = held(clock)
    tenure.give_up()
    assert store.there == Lease(1, "")
    tenure.renew()
    with pytest.raises(Superseded):
        tenure.check()


def test_a_renewal_that_is_late_is_told(clock: Stopwatch) -> None:
    tenure, _ = held(clock)
    assert tenure.standing.reason == ""
    clock.now += 13
    assert tenure.standing.reason == "lease: not renewed for 13s"
