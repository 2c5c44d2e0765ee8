"""`guardian health` says by its exit code whether a guardian answers, and loads little for it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.cli import main
from guardian.errors import InputError
from guardian.health.ask import address
from guardian.health.server import Answer, HealthServer, said
from guardian.policy.values import Listen

SETTINGS = """\
home_region: eu-west-1
hub:
  account: "111122223333"
  queue_url: https://sqs.eu-west-1.amazonaws.com/111122223333/guardian
"""
Asked = Callable[..., tuple[int, str, str]]


def ill(path: str) -> Answer | None:
    answers = {"/healthz": said(200, "alive\x1b[2J\nand more"), "/readyz": said(503, "late")}
    return answers.get(path)


@pytest.fixture
def server() -> Iterator[HealthServer]:
    made = HealthServer("127.0.0.1", 0, ill)
    yield made
    made.close()


@pytest.fixture
def ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Asked:
    (tmp_path / "guardian.yaml").write_text(SETTINGS, encoding="utf-8")

    def asked(health: str, *more: str) -> tuple[int, str, str]:
        monkeypatch.setenv("GUARDIAN_HEALTH", health)
        arguments = ["guardian", "health", "--config", str(tmp_path), *more]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return asked


@pytest.mark.parametrize("host", ["", "0.0.0.0:", "127.0.0.1:", "localhost:"])
def test_one_that_answers_is_alive(server: HealthServer, ask: Asked, host: str) -> None:
    assert ask(f"{host}{server.port}") == (0, "alive?[2J\n", "")


def test_one_that_is_not_ready_is_told_with_its_reason(server: HealthServer, ask: Asked) -> None:
    code, out, err = ask(str(server.port), "--ready")
    assert (code, out) == (1, "")
    assert err == f"guardian: 127.0.0.1:{server.port} answers 503: late\n"


def test_where_nobody_listens_nobody_is_alive(server: HealthServer, ask: Asked) -> None:
    server.close()
    code, out, err = ask(str(server.port))
    assert (code, out) == (1, "")
    assert err.startswith(f"guardian: nobody answers on 127.0.0.1:{server.port}: ")


@pytest.mark.parametrize(
    ("health", "why"), [("off", "health is off"), ("0", "any free port"), ("x", "'x' is not off")]
)
def test_a_setting_that_leads_nowhere_is_told(ask: Asked, health: str, why: str) -> None:
    code, _, err = ask(health)
    assert code == 1
    assert why in err


def test_a_directory_without_settings_is_told(ask: Asked) -> None:
    code, _, err = ask("8080", "--config", "nowhere")
    assert (code, err) == (1, "guardian: nowhere: there is no such directory\n")


@given(st.integers(1, 65535), st.sampled_from(["::", "::1"]))
def test_it_never_asks_a_wildcard(port: int, host: str) -> None:
    assert address(Listen(host, port)) == Listen("::1", port)


def test_a_free_port_cannot_be_asked() -> None:
    with pytest.raises(InputError):
        address(Listen("127.0.0.1", 0))


def test_it_loads_neither_aws_nor_slack_nor_the_other_commands() -> None:
    code = (
        "import sys, guardian.cli, guardian.cli.health; "
        "print({'botocore', 'slack_sdk', 'matplotlib', 'guardian.app'} & set(sys.modules))"
    )
    loaded = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert loaded.stdout == "set()\n"
