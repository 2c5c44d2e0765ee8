"""State machine definitions that many stacks have in common are checked once."""

import re
from functools import lru_cache

from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

PLACE = re.compile(r"\b(?:\d{12}|[a-z]{2}(?:-[a-z]+)+-\d)\b")
"""Account ids and regions: text in which the definitions of one template differ."""


def install() -> None:
    """Remember which definitions moto's parser, which takes a tenth of a second, accepted."""
    check = StepFunctionsParserBackend._validate_definition

    @lru_cache(maxsize=4096)
    def check_once(definition: str) -> None:
        check(definition)

    def validate(definition: str) -> None:
        try:
            check_once(PLACE.sub("x", definition))
        except InvalidDefinition:
            check(definition)  # its message shows the definition as it was given

    StepFunctionsParserBackend._validate_definition = staticmethod(validate)
