"""The service's image: what is in it, as whom it runs, and that nothing of it can be written."""

import os
import re
import stat
from importlib.metadata import version
from pathlib import Path

from tests.image.conftest import VERSION
from tests.image.engine import OWN, Container, Engine, Image, mirror

LARGEST = 200 * 10**6
"""Bytes that are pulled, the base's among them."""
SECRET = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\n|\bxox[bp]-\d{8}|\bAKIA[A-Z0-9]{16}\b")


def test_it_is_no_larger_than_200_megabytes_to_pull(service: Image) -> None:
    layers = service.pulled()
    print(f"layers in bytes: {layers}, {sum(layers) / 10**6:.0f} MB")  # noqa: T201 - what it is run for
    assert sum(layers) <= LARGEST


def test_its_user_is_nobody_in_particular(service: Image, container: Container) -> None:
    assert service.config()["User"] == OWN
    users = (container.tree / "etc/passwd").read_text()
    assert "guardian:x:10001:10001::/var/lib/guardian:/usr/sbin/nologin\n" in users
    assert "root:x:0:0:" in users


def test_it_says_what_it_is(service: Image) -> None:
    labels = service.config()["Labels"]
    said = {k.removeprefix("org.opencontainers.image."): v for k, v in labels.items()}
    assert (said["title"], said["licenses"]) == ("guardian", "Apache-2.0")
    assert (said["version"], said["revision"]) == (VERSION, "abc")


def test_no_shell_is_needed_to_run_it_or_to_ask_how_it_is(service: Image) -> None:
    config = service.config()
    assert config["Entrypoint"] == ["guardian"]
    assert config["Cmd"] == ["run", "--config", "/config"]
    assert config["Healthcheck"]["Test"] == ["CMD", "guardian", "health", "--config", "/config"]
    assert "GUARDIAN_HEALTH=127.0.0.1:8080" in config["Env"]
    assert not any("sh" in Path(word).name for word in [*config["Entrypoint"], *config["Cmd"]])


def test_nothing_of_the_machine_that_built_it_is_left(
    service: Image, container: Container
) -> None:
    said = str(service.inspect())
    assert not [value for value in mirror().values() if value in said]
    assert not list((container.tree / "src").glob("*"))
    assert not (container.tree / "build").exists()
    names = {path.name for path in (container.tree / "opt/guardian").rglob("*")}
    assert not names & {"pip", "tests", ".git", "__pycache__", "pip.conf"}


def test_no_secret_is_in_it(container: Container) -> None:
    files = [p for p in (container.tree / "opt").rglob("*") if p.is_file() and not p.is_symlink()]
    found = {match for path in files for match in SECRET.findall(path.read_bytes())}
    # AWS's documentation shows some keys, and botocore with it.
    assert {match for match in found if not match.endswith(b"EXAMPLE")} == set()


def test_its_user_may_write_nothing_but_the_journals_place(container: Container) -> None:
    writable = []
    for place, folders, files in os.walk(container.tree):
        for path in (Path(place, name) for name in (*folders, *files)):
            state = path.lstat()
            if stat.S_ISLNK(state.st_mode):
                continue
            if state.st_uid == 10001 or (state.st_mode & stat.S_IWOTH):
                writable.append(f"/{path.relative_to(container.tree)}")
    temporary = {"/tmp", "/var/tmp", "/run/lock", "/dev/shm"}  # noqa: S108 - what is expected
    devices = {path for path in writable if path.startswith("/dev/")}
    assert set(writable) - devices - temporary == {"/var/lib/guardian", "/var/lib/guardian/var"}


def test_building_it_again_gives_the_same_layers(service: Image, base: Engine) -> None:
    again = base.build("guardian", "localhost/again", VERSION=VERSION, REVISION="abc")
    assert again.layers() == service.layers()


def test_commands_run_in_it(container: Container, examples: Path) -> None:
    told = container.run(examples, "guardian", "--version")
    assert (told.returncode, told.stdout) == (0, f"guardian {version('guardian')}\n"), told.stderr
    checked = container.run(examples, "guardian", "validate", "--offline", "/config")
    assert checked.returncode == 0, checked.stderr
    shown = container.run(examples, "guardian", "iam")
    assert shown.returncode == 0, shown.stderr


def test_it_needs_no_file_where_the_environment_says_all(
    container: Container, tmp_path: Path
) -> None:
    said = {
        "GUARDIAN_HOME_REGION": "eu-west-1",
        "GUARDIAN_HUB_ACCOUNT": "111122223333",
        "GUARDIAN_HUB_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/guardian",
    }
    shown = container.run(tmp_path, "guardian", "settings", "--config", "/nowhere", **said)
    assert shown.returncode == 0, shown.stderr
    assert "127.0.0.1:8080" in shown.stdout


def test_buildah_runs_it_as_the_user_it_names(service: Image, container: Container) -> None:
    said = service.engine.buildah("run", container.name, "--", "python3", "-c", WHO)
    assert said == "10001 10001 refused"


WHO = """
import os
try:
    open('/opt/guardian/x', 'w')
except PermissionError:
    print(os.getuid(), os.getgid(), 'refused')
"""


def test_all_that_it_imports_is_compiled(container: Container, examples: Path) -> None:
    code = (
        "import sys, pathlib, guardian.app, guardian.daemon, guardian.slack.chart, matplotlib.figure;"
        "print([n for n, m in sys.modules.items() if (getattr(m, '__cached__', None) or '').endswith('.pyc')"
        " and not pathlib.Path(m.__cached__).exists()])"
    )
    told = container.run(examples, "/opt/guardian/bin/python", "-c", code)
    assert told.stdout == "[]\n", told.stderr
