"""The pages about policies and settings say what the code does."""

import re
import textwrap
from datetime import date
from pathlib import Path

import pytest

from guardian.errors import InputError
from guardian.kinds import all_kinds
from guardian.policy import keys
from guardian.policy.durations import spoken
from guardian.policy.load import load_policies
from guardian.policy.resolve import resolve
from guardian.settings import STRUCTURED, variables
from tests.unit.policies import tree, written

DOCS = Path(__file__).parents[2] / "docs"
POLICY, SETTINGS = DOCS / "reference/policy.md", DOCS / "reference/settings.md"
WRITE, EXEMPT = DOCS / "how-to/write-a-policy.md", DOCS / "how-to/exempt-something.md"
ALSO = DOCS / "how-to/do-something-else.md"
WARN = DOCS / "how-to/warn-before-a-stop.md"
EXAMPLES = DOCS.parent / "config" / "policies"


@pytest.mark.parametrize("page", [POLICY, WRITE, EXEMPT, ALSO, WARN], ids=lambda page: page.stem)
def test_every_policy_on_the_page_is_valid(page: Path, tmp_path: Path) -> None:
    found = re.findall(
        r"^( *)```yaml\n(.*?)^ *```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found
    for number, (_, block) in enumerate(found):
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / "example.yaml").write_text(textwrap.dedent(block), encoding="utf-8")
        assert load_policies(directory)


def test_every_key_of_a_policy_is_explained() -> None:
    cells = {cell for row in rows(POLICY) for cell in re.findall(r"`([\w-]+)`", row[0])}
    explained = (keys.KEYS, keys.KIND_KEYS, keys.EXEMPT_KEYS, keys.NOTIFY_KEYS)
    more = (keys.HOURS_KEYS, keys.LIMIT_KEYS, keys.ALSO_KEYS, all_kinds())
    assert cells == {key for table in (*explained, *more) for key in table}


def test_every_kind_is_listed_with_its_defaults() -> None:
    by_kind = {row[0].strip("`"): row[1:] for row in rows(POLICY)}
    for kind in all_kinds().values():
        governed, grace, idle = by_kind[kind.key]
        assert governed == ("by default" if kind.default else "if named")
        assert grace == f"`{spoken(kind.default_grace)}`"
        assert idle == (f"`{spoken(kind.default_idle)}` by default" if kind.default_idle else "no")


def test_every_setting_is_listed_with_its_variable() -> None:
    listed = {row[0].strip("`"): row[1].strip("`") for row in rows(SETTINGS) if len(row) == 4}
    listed.pop("key")
    assert listed == {**variables(), **dict.fromkeys(STRUCTURED, "")}


def test_the_error_of_a_loosened_lock_is_told_as_guardian_tells_it(tmp_path: Path) -> None:
    texts = {file.stem: file.read_text("utf-8") for file in EXAMPLES.iterdir()}
    lab = "/Workloads/Data Science/Lab"
    texts["lab"] = f"ou: {lab}\nmode: observe\nkinds:\n  glue-session: {{grace: 2h}}\n"
    files = written(tmp_path, texts)
    with pytest.raises(InputError) as raised:
        resolve(files, tree([file.ou for file in files]), date(2026, 11, 23))
    (problem,) = raised.value.problems
    assert problem.replace(tmp_path.as_posix(), "policies") in POLICY.read_text("utf-8")


def rows(page: Path) -> list[list[str]]:
    lines = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
