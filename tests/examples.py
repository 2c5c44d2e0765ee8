"""How many examples of a property are tried: all in the whole suite, a share of them in `make check`."""

from hypothesis import settings

USUAL = 100
"""What hypothesis tries where nothing else is said."""


def examples(number: int) -> settings:
    """`number` in the whole suite, fewer where the profile asks for fewer than usual."""
    return settings(max_examples=max(number * settings().max_examples // USUAL, 5))
