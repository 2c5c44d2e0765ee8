"""What is installed where guardian runs is what guardian says it needs: nothing comes by chance with something else."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DEMO = {"demo", "localaws", "localslack"}


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements: list[str]) -> set[str]:
    return {plain(re.split(r"[^\w.-]", requirement)[0]) for requirement in requirements}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def needed(*, demo: bool) -> set[str]:
    """The distributions that are imported, those of guardian itself or those of the demo and its servers."""
    files = (ROOT / "guardian").rglob("*.py")
    ours = [f for f in files if (f.relative_to(ROOT).parts[1] in DEMO) is demo]
    tops = {name.partition(".")[0] for file in ours for name in imported(file)}
    known = packages_distributions()
    own = {"guardian", *sys.stdlib_module_names}
    return {plain(known[top][0]) for top in tops - own if top != "ruamel"} | (
        {"ruamel-yaml"} if "ruamel" in tops else set()
    )


def test_all_that_guardian_imports_is_named_as_a_dependency() -> None:
    # botocore is boto3's other half; who wants Parquet files is told what to install.
    extra = named(project()["optional-dependencies"]["parquet"])
    assert needed(demo=False) - {"botocore"} - extra <= named(project()["dependencies"])


def test_all_that_the_demo_imports_comes_with_it() -> None:
    extra = named(project()["optional-dependencies"]["demo"])
    inside = {"botocore", "flask", "jinja2", "jsonpath-ng", "markupsafe", "werkzeug"}  # moto's own
    assert needed(demo=True) - named(project()["dependencies"]) - extra <= inside


def test_the_lock_has_a_hash_for_everything() -> None:
    for name in ("runtime", "demo", "dev", "build"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        pins = re.findall(r"^[\w.-]+==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        assert pins
        assert all("--hash=sha256:" in pin for pin in pins), name


def test_what_runs_is_locked_in_the_same_versions_everywhere() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        return set(re.findall(r"^[\w.-]+==[^ ;]+", text, re.MULTILINE))

    assert pins("runtime") <= pins("demo") <= pins("dev")
    assert named(project()["dependencies"]) <= named(sorted(pins("runtime")))
