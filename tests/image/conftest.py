"""The images, built once for all tests. `make image-test` runs them: it takes minutes."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.engine import ROOT, SUITE, Container, Engine, Image, missing

# Of what is no base image: it would be as large again.
NOT_NEEDED = (
    "var/cache/apt",
    "var/lib/apt/lists",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
)
VERSION = "9.8.7"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.image)
            item.add_marker(pytest.mark.timeout(2400))


@pytest.fixture(scope="session")
def tree() -> Path:
    """A Debian with Python beside the virtual environment, made once."""
    made = Path(sys.prefix) / "image" / SUITE
    if not (made / "usr/bin/python3").exists():
        shutil.rmtree(made, ignore_errors=True)
        packages = "python3,python3-venv,ca-certificates"
        subprocess.run(  # noqa: S603 - our own arguments
            ["debootstrap", "--variant=minbase", f"--include={packages}", SUITE, made],  # noqa: S607
            check=True,
        )
    for name in NOT_NEEDED:
        shutil.rmtree(made / name, ignore_errors=True)
    return made


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if why := missing():
        pytest.skip(why)
    made = Engine(tmp_path_factory.mktemp("images"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def base(engine: Engine, tree: Path) -> Engine:
    engine.stand_in(tree)
    return engine


@pytest.fixture(scope="session")
def service(base: Engine) -> Image:
    return base.build("guardian", "localhost/guardian", VERSION=VERSION, REVISION="abc")


@pytest.fixture(scope="session")
def container(service: Image) -> Container:
    return service.container()


@pytest.fixture(scope="session")
def demo(base: Engine) -> Image:
    return base.build("demo", "localhost/guardian-demo")


@pytest.fixture
def examples() -> Path:
    """The policies that come with guardian."""
    return ROOT / "config"
