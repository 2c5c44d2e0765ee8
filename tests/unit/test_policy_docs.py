"""The pages about policies and settings say what the code does."""

import re
import textwrap
from pathlib import Path

import pytest

from guardian.kinds import all_kinds
from guardian.policy import load
from guardian.policy.durations import spoken
from guardian.policy.load import load_policies
from guardian.settings import variables

DOCS = Path(__file__).parents[2] / "docs"
POLICY, SETTINGS, HOW_TO = (
    DOCS / page
    for page in ("reference/policy.md", "reference/settings.md", "how-to/write-a-policy.md")
)


@pytest.mark.parametrize("page", [POLICY, HOW_TO], ids=lambda page: page.stem)
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
    keys = {*load.KEYS, *load.KIND_KEYS, *load.EXEMPT_KEYS, *load.NOTIFY_KEYS, *all_kinds()}
    keys |= {*load.HOURS_KEYS, *load.LIMIT_KEYS}
    assert cells == keys


def test_every_kind_is_listed_with_its_defaults() -> None:
    by_kind = {row[0].strip("`"): row[1:] for row in rows(POLICY)}
    for kind in all_kinds().values():
        grace, idle = by_kind[kind.key]
        assert grace == f"`{spoken(kind.default_grace)}`"
        assert idle == (f"`{spoken(kind.default_idle)}` by default" if kind.default_idle else "no")


def test_every_setting_is_listed_with_its_variable() -> None:
    listed = {row[0].strip("`"): row[1].strip("`") for row in rows(SETTINGS) if len(row) == 4}
    listed.pop("key")
    assert listed == variables()


def rows(page: Path) -> list[list[str]]:
    lines = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
