"""How long a reconcile with nothing to do takes of the CPU, AWS left out: 1,000 accounts in 4 regions, 3 policies."""

from collections.abc import Callable
from datetime import timedelta
from time import process_time

from guardian.desire import DesiredState, desire
from guardian.ids import ROOT, AccountId, OuId, OuPath, Region, Slug
from guardian.kinds import all_kinds
from guardian.organization import Account, AccountState, Organization
from guardian.plan import DeployedInstance, DeployedStackSet, InstanceStatus, plan
from guardian.policy.model import Exemption, Mode, Policy, Rule
from guardian.policy.resolve import Governance
from guardian.stack.names import Hub
from guardian.stack.template import template

ACCOUNTS, TARGET_SECONDS, RUNS = 1000, 1.0, 5
REGIONS = tuple(map(Region, ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2")))
HUB = Hub(
    AccountId("999999999999"),
    "arn:aws:events:eu-west-1:999999999999:event-bus/guardian",
    "arn:aws:iam::999999999999:role/guardian",
    "o-exampleorgid",
)
EXEMPT = (Exemption(tags={"guardian": "keep"}), Exemption(principal="*:role/prod-*"))


def policy(slug: str) -> Policy:
    rules = [
        Rule(kind, Mode.STOP, timedelta(minutes=30), kind.default_idle, EXEMPT)
        for kind in all_kinds().values()
    ]
    return Policy(Slug(slug), OuPath(f"/{slug}"), f"{slug}.yaml", REGIONS, tuple(rules))


def world() -> tuple[Governance, Organization]:
    policies = tuple(policy(slug) for slug in ("sandbox", "research", "platform"))
    ous = {ROOT: OuId("r-ab12")} | {p.ou: OuId(f"ou-{p.slug}") for p in policies}
    governed = {
        AccountId(f"{number:012}"): policies[number % len(policies)]
        for number in range(1, ACCOUNTS + 1)
    }
    accounts = tuple(
        Account(a, f"account {a}", AccountState.ACTIVE, p.ou) for a, p in governed.items()
    )
    policy_of = {account: policy.slug for account, policy in governed.items()}
    tree = Organization(HUB.organization, HUB.account, ous, accounts)
    regions = dict.fromkeys(governed, REGIONS)
    return Governance(policies, policy_of, {}, regions), tree


def deployed(state: DesiredState) -> tuple[DeployedStackSet, ...]:
    """The state as it is when everything has been rolled out."""
    return tuple(
        DeployedStackSet(
            s.name,
            s.fingerprint,
            tuple(DeployedInstance(t, InstanceStatus.CURRENT) for t in s.targets),
        )
        for s in state.stack_sets
    )


def seconds(work: Callable[[], object]) -> float:
    """CPU time of the best of some runs."""
    times = []
    for _ in range(RUNS):
        before = process_time()
        work()
        times.append(process_time() - before)
    return min(times)


def main() -> None:
    governance, tree = world()
    state = desire(governance, tree, HUB, REGIONS[0])
    there = deployed(state)
    instances = sum(len(stack_set.instances) for stack_set in there)
    if plan(state, there).changes:
        raise SystemExit("there is something to plan: this measures the wrong thing")
    desiring = seconds(lambda: desire(governance, tree, HUB, REGIONS[0]))
    planning = seconds(lambda: plan(state, there))
    first = seconds(lambda: plan(state, ()))
    rendering = seconds(lambda: template(governance.policies[0], HUB))
    size = len(template(governance.policies[0], HUB).encode())
    print(
        f"{ACCOUNTS} accounts x {len(REGIONS)} regions, {instances} stack instances, CPU seconds:"
    )
    print(f"  desire              {desiring:7.3f}")
    print(f"  plan, nothing to do {planning:7.3f}")
    print(f"  plan, first rollout {first:7.3f}")
    print(
        f"  render one template {rendering:7.4f}  ({size:,} bytes of 51,200, {len(all_kinds())} kinds)"
    )
    print(f"no-op reconcile: {desiring + planning:.3f} s, target {TARGET_SECONDS:.0f} s or less")


if __name__ == "__main__":
    main()
