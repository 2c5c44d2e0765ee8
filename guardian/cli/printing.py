"""What commands write to stdout when it is no table."""

import sys

from guardian import terminal
from guardian.documents import Json


def print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def print_json(document: Json) -> None:
    print_line(terminal.as_json(document))
