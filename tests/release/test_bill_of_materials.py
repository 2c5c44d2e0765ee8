"""The bill of materials says what is in the image, and no license of it is one that nobody looked at."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bill(tools: Path, runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bill") / "guardian.cdx.json"
    write(tools, runtime, made)
    return made


def write(tools: Path, runtime: Path, file: Path) -> None:
    project = ("--pyproject", ROOT / "pyproject.toml", "--output-reproducible")
    command: list[str | Path] = [
        tools / "cyclonedx-py",
        "environment",
        runtime,
        *project,
        "-o",
        file,
    ]
    subprocess.run(command, check=True)  # noqa: S603 - our own arguments


def check(bill: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / "image" / "licenses.py", bill],
        capture_output=True,
        text=True,
        check=False,
    )


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_it_names_what_is_locked_and_nothing_else(bill: Path) -> None:
    document = json.loads(bill.read_text())
    assert document["metadata"]["component"]["name"] == "guardian"
    named = {f"{plain(c['name'])}=={c['version']}" for c in document["components"]}
    lines = re.findall(
        r"^([\w.-]+)==([^ ;]+)(.*)", (ROOT / "requirements/runtime.txt").read_text(), re.MULTILINE
    )
    everywhere = {f"{plain(name)}=={version}" for name, version, more in lines if ";" not in more}
    locked = {f"{plain(name)}=={version}" for name, version, _ in lines}
    assert everywhere <= named <= locked


def test_writing_it_again_gives_the_same_bytes(
    bill: Path, tools: Path, runtime: Path, tmp_path: Path
) -> None:
    write(tools, runtime, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == bill.read_bytes()


def test_every_license_was_looked_at(bill: Path) -> None:
    ended = check(bill)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "numpy " in ended.stdout


@pytest.mark.parametrize(
    ("said", "fine"),
    [
        ([{"license": {"id": "MIT"}}], True),
        ([{"expression": "MIT OR GPL-3.0-only"}], True),
        ([{"expression": "MIT AND GPL-3.0-only"}], False),
        ([{"expression": "GPL-3.0-only WITH Classpath-exception-2.0"}], False),
        ([{"license": {"id": "MIT"}}, {"license": {"id": "AGPL-3.0-only"}}], False),
        ([{"license": {"name": "License :: OSI Approved :: BSD License"}}], True),
        ([{"license": {"name": "do what you want"}}], False),
        ([], False),
    ],
)
def test_a_license_that_nobody_looked_at_is_refused(
    tmp_path: Path, said: list[dict[str, Any]], *, fine: bool
) -> None:
    (tmp_path / "bill.json").write_text(
        json.dumps({"components": [{"name": "other", "version": "1", "licenses": said}]})
    )
    ended = check(tmp_path / "bill.json")
    assert ended.returncode == (0 if fine else 1)
    assert ("look at other" in ended.stderr) is not fine
