"""The reference implementations, where they are there: `make reference` installs them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

MODULES = Path(sys.prefix) / "reference" / "node_modules"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "reference: compares with the reference implementations; `make reference`"
    )


class Reference:
    """The reference implementations in a process of their own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, **question: Any) -> Any:
        """The answer to one question: see reference.js."""
        assert self._process.stdin
        assert self._process.stdout
        # In ASCII: a line is a line for Python and for Node.
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the reference implementation died"
        return json.loads(line)


@pytest.fixture(scope="session")
def reference() -> Iterator[Reference]:
    node = shutil.which("node")
    if node is None or not MODULES.is_dir():
        missing = "node" if node is None else "npm packages: run `make reference`"
        pytest.skip(f"the reference implementations are not here, no {missing}")
    process = subprocess.Popen(  # noqa: S603 - our own script
        [node, Path(__file__).with_name("reference.js")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "NODE_PATH": str(MODULES)},
    )
    with process:
        yield Reference(process)
        assert process.stdin
        process.stdin.close()
