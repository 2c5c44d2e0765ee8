"""`guardian sweep` as people run it: a process with a configuration directory."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.backend.process import Seeded
from benchmarks.backend.seed import HUB, Seed
from benchmarks.sweepers.measured import Command
from guardian.kinds import all_kinds

IDLE = "idle: 1h"
"""Only for kinds that idleness alone can end."""


def command(seeded: Seeded, seed: Seed, directory: Path) -> Command:
    """A sweep of all accounts, configured in an empty directory."""
    configure(seed, directory)
    arguments = [sys.executable, "-m", "guardian", "sweep", "--config", str(directory)]
    return Command([*arguments, "--format", "json"], {**os.environ, **seeded.environment})


def configure(seed: Seed, directory: Path) -> None:
    """One policy for all of the organization. No brake: everything that is due shall be stopped."""
    (directory / "policies").mkdir()
    home = seed.regions[0]
    (directory / "guardian.yaml").write_text(
        f"home_region: {home}\n"
        f'hub: {{account: "{HUB}", queue_url: "https://sqs.{home}.amazonaws.com/{HUB}/guardian"}}\n'
        f"journal: sqlite:///{directory}/guardian.db\n"
        "brakes: {stops_per_sweep: 1000000, share_per_sweep: 1}\n"
    )
    (directory / "policies" / "everywhere.yaml").write_text(_policy(seed.regions, [*seed.things]))


def _policy(regions: Sequence[str], kinds: Sequence[str]) -> str:
    rules = "".join(f"  {kind}: {{{_rule(kind)}}}\n" for kind in kinds)
    keep = "exempt: [{tags: {guardian: keep}}]"
    return f"ou: /\nmode: stop\nregions: [{', '.join(regions)}]\nkinds:\n{rules}{keep}\n"


def _rule(kind: str) -> str:
    return "grace: 24h" + (", idle: 1h" if all_kinds()[kind].idle else "")
