"""What `guardian validate` takes for a large organization: 10,000 accounts, 500 OUs, 200 policy files."""

import multiprocessing
import resource
import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from guardian.ids import ROOT, AccountId, OuId, OuPath
from guardian.organization import Account, AccountState, Organization
from guardian.policy.load import load_policies
from guardian.policy.resolve import resolve

ACCOUNTS, OUS, FILES = 10_000, 500, 200
BRANCHES = 10
"""OUs below each OU."""
TARGET_SECONDS, TARGET_MIB = 3.0, 150
UNITS_PER_MIB = 1 << (20 if sys.platform == "darwin" else 10)
FILE = """\
ou: {ou}
mode: stop
regions: [eu-west-1, us-east-1]
kinds:
  glue-session: {{grace: 30m}}
  sagemaker-notebook:
    grace: 4h
    hours: {{rests: ["mon-fri 07:00-20:00"], timezone: Europe/London, holidays: [2026-12-25]}}
  emr-cluster: {{idle: 1h, max_age: 2d}}
exempt:
  - tags: {{guardian: keep}}
  - principal: "*:role/prod-*"
    reason: production pipelines
    owner: data-platform@example.com
    expires: 2027-03-31
notify: {{channel: "#data-costs", digest: 0 9 * * mon-fri, timezone: Europe/London}}
limits: {{stops_per_sweep: 40}}
locked: [regions, limits]
"""


def paths() -> list[OuPath]:
    """The root and the OUs, each below one that came before."""
    found = [ROOT]
    for number in range(OUS):
        above = found[number // BRANCHES].rstrip("/")
        found.append(OuPath(f"{above}/Unit {number}"))
    return found


def organization() -> Organization:
    ous = paths()
    accounts = tuple(
        Account(AccountId(f"{n:012}"), f"account {n}", AccountState.ACTIVE, ous[n % len(ous)])
        for n in range(1, ACCOUNTS + 1)
    )
    ids = {path: OuId(f"ou-ab12-{number:08}") for number, path in enumerate(ous)}
    return Organization("o-exampleorgid", AccountId("999999999999"), ids, accounts)


def write(directory: Path) -> None:
    for number, ou in enumerate(paths()[:FILES]):
        (directory / f"unit-{number}.yaml").write_text(FILE.format(ou=ou), encoding="utf-8")


def measure(directory: str) -> tuple[float, float, int]:
    """Seconds for loading and for resolving, and the peak of this process's memory in MiB, all included."""
    tree = organization()
    began = perf_counter()
    files = load_policies(Path(directory))
    loaded = perf_counter()
    governance = resolve(files, tree, date(2026, 11, 23))
    resolved = perf_counter()
    if len(governance.policy_of) != ACCOUNTS or len(governance.policies) != FILES:
        raise SystemExit("not every account is governed: this measures the wrong thing")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // UNITS_PER_MIB
    return loaded - began, resolved - loaded, peak


def main() -> None:
    with TemporaryDirectory() as directory:
        write(Path(directory))
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            load, govern, peak = pool.apply(measure, (directory,))
    print(f"{ACCOUNTS:,} accounts, {OUS} OUs, {FILES} policy files:")
    print(f"  load            {load:6.2f} s")
    print(f"  resolve         {govern:6.2f} s")
    print(f"  both            {load + govern:6.2f} s    target {TARGET_SECONDS:.0f} s or less")
    print(f"  peak memory     {peak:6} MiB  target {TARGET_MIB} MiB or less")


if __name__ == "__main__":
    main()
