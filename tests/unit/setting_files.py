"""Settings out of a file of this text and an environment, and what is said of wrong ones."""

from pathlib import Path

import pytest

from guardian.errors import InputError
from guardian.settings import Settings, load_settings

LEAST = """\
home_region: eu-west-1
hub: {account: "111122223333", queue_url: https://sqs.eu-west-1.amazonaws.com/111122223333/guardian}
"""


def load(directory: Path, content: str, **environment: str) -> Settings:
    (directory / "guardian.yaml").write_text(content, encoding="utf-8")
    return load_settings(directory, environment)


def problems_of(directory: Path, content: str, **environment: str) -> list[str]:
    with pytest.raises(InputError) as raised:
        load(directory, content, **environment)
    return [problem.removeprefix(f"{directory}/") for problem in raised.value.problems]
