"""When a lease may be taken, by a standby's own monotonic clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.lease import (
    BEAT,
    LASTS,
    LONGEST_HOLDER,
    POLL,
    Lease,
    Sighting,
    lapsed,
    released,
    taken,
)

LONG = LASTS.total_seconds()
HELD = Lease(7, "a 1", beat=3)


def test_a_lease_that_nobody_has_may_be_taken_at_once() -> None:
    assert Sighting(None, 0).may_take(0)
    assert Sighting(released(HELD), 0).may_take(0)


def test_a_lease_may_be_taken_when_nothing_moved_for_as_long_as_it_lasts() -> None:
    seen = Sighting(HELD, 100).then(HELD, 110)
    assert not seen.may_take(100 + LONG - 0.1)
    assert seen.may_take(100 + LONG)


@pytest.mark.parametrize("moved", [Lease(7, "a 1", beat=4), Lease(8, "b 1", beat=3)])
def test_a_beat_or_another_holder_begins_the_wait_anew(moved: Lease) -> None:
    seen = Sighting(HELD, 100).then(moved, 119)
    assert not seen.may_take(100 + LONG)
    assert seen.may_take(119 + LONG)


def test_a_standby_takes_over_within_half_a_minute() -> None:
    assert (LASTS + 2 * POLL + BEAT).total_seconds() < 30


def test_a_holder_has_lost_what_it_could_not_renew_in_time() -> None:
    assert not lapsed(100, 100 + LONG - 0.1)
    assert lapsed(100, 100 + LONG)


def test_a_holder_gives_up_before_anybody_may_take_over() -> None:
    # Its renewal began before the beat that a standby sees, so its own wait ends first.
    began, seen = 100.0, 100.5
    assert lapsed(began, seen + LONG)
    assert not Sighting(HELD, seen).may_take(began + LONG)


@given(st.text(), st.one_of(st.none(), st.builds(Lease, st.integers(1, 2**40), st.text())))
def test_a_taken_lease_has_a_new_token_and_a_holder_that_can_be_written(
    holder: str, seen: Lease | None
) -> None:
    lease = taken(seen, holder)
    assert lease.token > (seen.token if seen else 0)
    assert not lease.free
    assert lease.holder.isascii()
    assert len(lease.holder) <= LONGEST_HOLDER
    assert released(lease).token == lease.token
