"""c7n-org with the policy that says the same, in an environment of its own."""

import os
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from benchmarks.backend.process import Seeded
from benchmarks.backend.seed import MEMBER_ROLE, Seed
from benchmarks.sweepers.measured import Command

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv" / "c7n-org"
PINNED = ROOT / "requirements" / "bench.txt"
POLICY = {
    "name": "notebooks",
    "resource": "aws.sagemaker-notebook",
    "filters": [
        {"NotebookInstanceStatus": "InService"},
        {"tag:guardian": "absent"},
        {
            "type": "value",
            "key": "LastModifiedTime",
            "value_type": "age",
            "op": "greater-than",
            "value": 1,
        },
    ],
    "actions": ["stop"],
}


def command(seeded: Seeded, seed: Seed, directory: Path) -> Command:
    """A run over all accounts, configured in an empty directory."""
    accounts = [
        {
            "account_id": account,
            "name": account,
            "regions": list(seed.regions),
            "role": f"arn:aws:iam::{account}:role/{MEMBER_ROLE}",
        }
        for account in seeded.accounts
    ]
    yaml = YAML(typ="safe", pure=True)
    yaml.dump({"accounts": accounts}, directory / "accounts.yml")
    yaml.dump({"policies": [POLICY]}, directory / "policies.yml")
    files = ["-c", str(directory / "accounts.yml"), "-u", str(directory / "policies.yml")]
    # Without its cache: a second run would not look.
    more = ["-s", str(directory / "out"), "--cache-period", "0"]
    run = [str(installed() / "bin" / "c7n-org"), "run", *files, *more]
    return Command(run, {**os.environ, **seeded.environment})


def installed() -> Path:
    """The environment with c7n-org in it, made where there is none or an older one."""
    done = ENVIRONMENT / ".installed"
    if not done.exists() or done.stat().st_mtime < PINNED.stat().st_mtime:
        python = ENVIRONMENT / "bin" / "python"
        quiet = ["-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        for step in (
            [sys.executable, "-m", "venv", str(ENVIRONMENT)],
            [str(python), *quiet, "--require-hashes", "-r", str(PINNED)],
        ):
            subprocess.run(step, check=True)  # noqa: S603  our own pins
        done.touch()
    return ENVIRONMENT
