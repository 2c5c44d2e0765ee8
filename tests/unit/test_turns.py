"""Many things to look at, a few at a time."""

from hypothesis import given
from hypothesis import strategies as st

from guardian.aws.turns import Turns

THINGS = list("abcdefghij")


def test_everything_is_looked_at_the_first_time_and_some_in_turn_after_that() -> None:
    turns: Turns[str, str] = Turns(4)
    looks = [turns.of("here", THINGS) for _ in range(4)]
    assert looks[0] == frozenset(THINGS)
    assert looks[1:] == [frozenset("abcd"), frozenset("efgh"), frozenset("ijab")]


def test_each_place_has_turns_of_its_own() -> None:
    turns: Turns[str, str] = Turns(4)
    turns.of("here", THINGS)
    assert turns.of("there", THINGS) == frozenset(THINGS)


def test_what_was_wrong_is_looked_at_until_it_is_right() -> None:
    turns: Turns[str, str] = Turns(2)
    turns.of("here", THINGS)
    turns.wrong("here", ["j"])
    assert turns.of("here", THINGS) == frozenset("abj")
    turns.wrong("here", [])
    assert turns.of("here", THINGS) == frozenset("cd")


@given(st.integers(1, 9), st.integers(1, 30))
def test_no_thing_is_left_out_for_longer_than_it_takes_to_see_all(some: int, count: int) -> None:
    turns: Turns[str, int] = Turns(some)
    things = list(range(count))
    turns.of("here", things)
    seen = [turns.of("here", things) for _ in range(-(-count // some))]
    assert frozenset().union(*seen) == frozenset(things)
    assert all(len(each) <= max(some, 0) or count <= some for each in seen)
