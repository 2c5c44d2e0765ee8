"""What a reconcile with nothing to do asks AWS for: 1,000 accounts in 4 regions, counted by local AWS over HTTP.

Everything is really rolled out first, which takes some minutes. Fewer accounts: `reconcile.py 100`.
"""

import json
import os
import sys
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from guardian.app import Guardian, open_guardian
from guardian.configuration import World
from guardian.demo.servers import LocalAwsProcess, local_aws
from guardian.desire import desire
from guardian.jobs.reconcile import Reconciliation, apply_once, plan_once
from guardian.localaws.estate import ADMINISTRATOR, Estate
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from guardian.plan import plan

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2")
HOME = REGIONS[0]
OUS = tuple(f"/unit-{number}" for number in range(8))
TARGET_SECONDS = 1.0


def organize(aws: LocalAwsProcess, accounts: int) -> None:
    """Accounts in the OUs by turns; the management account counts too."""
    estate = Estate(aws.endpoint)
    estate.organization(HOME)
    ous = estate.units(OUS, HOME)
    for number in range(accounts - 1):
        estate.account(f"account-{number}", ous[OUS[number % len(OUS)]], ous["/"], HOME)


def configure(aws: LocalAwsProcess, directory: Path, ous: Sequence[str]) -> Guardian:
    """Guardian with a policy for each of these OUs."""
    (directory / "policies").mkdir()
    queue = f"{aws.endpoint}/{MANAGEMENT_ACCOUNT}/guardian"
    hub = f'hub: {{account: "{MANAGEMENT_ACCOUNT}", queue_url: "{queue}"}}'
    journal = f"journal: sqlite:///{directory}/guardian.db"
    (directory / "guardian.yaml").write_text(f"home_region: {HOME}\n{hub}\n{journal}\n")
    for number, ou in enumerate(ous):
        (directory / "policies" / f"policy-{number}.yaml").write_text(
            f"ou: {ou}\nregions: [{', '.join(REGIONS)}]\nkinds: {{glue-session: {{grace: 1h}}}}\n"
        )
    os.environ |= {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": ADMINISTRATOR.access_key_id,
        "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR.secret_access_key,
        "GUARDIAN_CLOCK": f"{aws.origin}:{aws.scale}",
    }
    return open_guardian(directory)


def reconcile(guardian: Guardian) -> tuple[World, Reconciliation]:
    """As the daemon does every half hour: read, observe, plan."""
    world = guardian.world()
    fleet = guardian.fleet(world.organization)
    now, governance = guardian.now(), world.governance
    made = plan_once(fleet, governance, world.organization, guardian.brakes, now, probing=False)
    return world, made


def counted(aws: LocalAwsProcess, method: str) -> Counter[str]:
    """The calls since they were last forgotten, by service; `DELETE` forgets them."""
    request = urllib.request.Request(f"{aws.endpoint}/localaws/calls", method=method)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        found: Counter[str] = Counter()
        for call in json.load(answer) or ():
            found[call["service"]] += call["count"]
    return found


def measure(accounts: int, ous: Sequence[str]) -> None:
    with local_aws() as aws, TemporaryDirectory() as directory:
        organize(aws, accounts)
        guardian = configure(aws, Path(directory), ous)
        world, made = reconcile(guardian)
        fleet = guardian.fleet(world.organization)
        applied = apply_once(fleet, made, guardian.journal, lambda *_: None, guardian.now())
        if applied.failed or applied.waiting:
            raise SystemExit(f"not rolled out: {(*applied.failed, *applied.waiting)[:3]}")
        counted(aws, "DELETE")
        wall, cpu = perf_counter(), process_time()
        world, made = reconcile(guardian)
        wall, cpu = perf_counter() - wall, process_time() - cpu
        if made.plan.changes:
            raise SystemExit("there is something to do: this measures the wrong thing")
        report(accounts, made, counted(aws, "GET"))
        before = process_time()
        plan(desire(world.governance, world.organization, fleet.hub, fleet.home), made.deployed)
        planning = process_time() - before
        print(f"  CPU to plan     {planning:6.3f} s  bound {TARGET_SECONDS:.0f} s")
        print(f"  all of it       {cpu:6.3f} s  of the CPU, {wall:.1f} s by the clock")


def report(accounts: int, made: Reconciliation, calls: Counter[str]) -> None:
    stack_sets = len(made.deployed)
    instances = sum(len(stack_set.instances) for stack_set in made.deployed)
    bound = accounts // 20 + instances // 100 + 10 * stack_sets
    words = ", ".join(f"{count} {service}" for service, count in sorted(calls.items()))
    print(
        f"{accounts:,} accounts x {len(REGIONS)} regions, {len(OUS)} OUs, {stack_sets} stack sets, "
        f"{instances:,} stack instances:"
    )
    print(f"  calls           {calls.total():6}    bound {bound}: {words}")
    print(
        f"  room for        {bound - calls.total():6}    more OUs: each is a call, whatever is below it"
    )


def main() -> None:
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    measure(accounts, ["/"])
    measure(accounts, OUS)


if __name__ == "__main__":
    main()
