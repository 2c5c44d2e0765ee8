"""Every guardian command that a page shows is run as it stands there, in an organization on local AWS."""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest

from guardian.cli import main
from guardian.demo.cast import (
    ACCOUNTS,
    HOME,
    ORGANIZATION_CHANNEL,
    RESEARCH,
    SANDBOX,
    TEAM_CHANNEL,
    Cast,
    build,
    hire,
)
from guardian.demo.servers import local_aws, local_slack
from tests.docs.commands import ROOT, Shown, shown

ELSEWHERE = {
    "bootstrap": "tests/scenario/test_bootstrap.py makes a hub with it, again and again",
    "demo": "tests/scenario/test_demo.py runs it from its first chapter to its last",
    "run": "tests/scenario/test_daemon.py starts it, and ends it by SIGTERM",
}
"""Commands that are not run here, and who does."""
LAST = "docs/how-to/uninstall.md"
"""The page after which nothing is left to be governed."""
REFUSED = {
    "--release": "look at it again",  # a page's id is not this organization's plan
    **({} if find_spec("pyarrow") else {"parquet": "pyarrow is not installed"}),
}
"""What is said to commands that cannot do here what they say, by a word of theirs."""
SESSION = "my-session"
WHERE = "research-fraud"


@dataclass(frozen=True)
class Ended:
    code: int
    said: str


@dataclass(frozen=True)
class Sandbox:
    """A checkout's directories around an organization in which everything is rolled out."""

    cast: Cast
    organization: str

    @property
    def words(self) -> Mapping[str, str]:
        """What the pages' examples are called here."""
        return {"444455556666": self.cast.accounts[WHERE], "ACCOUNT": WHERE}

    def run(self, each: Shown) -> Ended:
        """Run a command to its end, in this process, by somebody who agrees to what it asks."""
        words = [self.words.get(word, word) for word in each.arguments]
        words = [word.replace("/backups/", f"{Path.cwd()}/") for word in words]
        agreed = f"{self.organization}\n" if "uninstall" in words else "y\n"
        printed = BytesIO()
        out = TextIOWrapper(printed, "utf-8", write_through=True)
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
            patch.setattr(sys, "argv", ["guardian", *words])
            patch.setattr(sys, "stdin", StringIO(agreed))
            with pytest.raises(SystemExit) as ended:
                main()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, printed.getvalue().decode())


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    checkout = tmp_path_factory.mktemp("docs") / "checkout"
    checkout.mkdir()
    before, here = dict(os.environ), Path.cwd()
    try:
        with local_aws() as aws, local_slack((ORGANIZATION_CHANNEL, TEAM_CHANNEL)) as slack:
            cast = build(aws, len(ACCOUNTS))
            hired = hire(cast, slack, checkout / "config")
            govern_little(checkout / "config" / "policies")
            lay_out(checkout)
            os.chdir(checkout)
            cast.person("ravi", WHERE).open_glue_session(SESSION, {"guardian": "keep"})
            yield Sandbox(cast, hired.world().organization.id)
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)


def govern_little(policies: Path) -> None:
    """Two policies with one kind in one region, for four accounts: what is shown here is that commands run."""
    for file in policies.iterdir():
        file.unlink()
    for name, ou in (("sandbox", SANDBOX), ("research", RESEARCH)):
        text = f"ou: {ou}\nmode: stop\nregions: [{HOME}]\nkinds: {{glue-session: {{grace: 1h}}}}\n"
        (policies / f"{name}.yaml").write_text(text, encoding="utf-8")


def lay_out(checkout: Path) -> None:
    """The directories that the pages speak of."""
    for there in ("OLD", "NEW", "../before/config", "demo-output/config", "demo-output/before"):
        shutil.copytree(checkout / "config", checkout / there)
    shutil.copytree(ROOT / "deploy", checkout / "deploy")


def to_be_run() -> list[Shown]:
    """Those of guardian, each once, the last page's at the end. Help texts are compared with real ones elsewhere."""
    different: dict[str, Shown] = {}
    for each in shown():
        if (
            each.program == "guardian"
            and "--help" not in each.words
            and each.words[1] not in ELSEWHERE
        ):
            different.setdefault(alike(each), each)
    return sorted(different.values(), key=lambda each: each.page == LAST)


def alike(each: Shown) -> str:
    """Commands that say this alike do the same: which plan and which directory is all that may differ."""
    return re.sub(r" --config \S+|(?<= --release )\S+", "", " ".join(each.arguments))


@pytest.mark.slow
@pytest.mark.timeout(300)  # two dozen commands, one after the other
def test_every_command_does_what_its_page_says(sandbox: Sandbox) -> None:
    commands = [Shown("the first rollout", ("guardian", "apply", "--yes")), *to_be_run()]
    wrong = []
    for each in commands:
        ended = sandbox.run(each)
        refusal = next((REFUSED[word] for word in each.words if word in REFUSED), None)
        if refusal not in ended.said if refusal else ended.code:
            wrong.append(f"{each}: exit code {ended.code}\n{ended.said}")
    assert "\n".join(wrong) == ""


def test_what_is_run_elsewhere_is_shown_somewhere_and_run_there() -> None:
    named = {each.words[1] for each in shown() if each.program == "guardian"}
    assert len(to_be_run()) > 20
    assert set(ELSEWHERE) <= named
    assert all((ROOT / why.split()[0]).is_file() for why in ELSEWHERE.values())
