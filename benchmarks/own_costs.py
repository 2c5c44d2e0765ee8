"""What guardian itself costs a month, by the number of accounts. `make reference-docs` writes it into the explanation.

Prices are list prices of us-east-1 in USD, before discounts and without any free tier.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from guardian.kinds import all_kinds

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "costs.md"
SIZES = (10, 100, 1_000, 10_000)
HOURS, DAYS = 730, 30.4
"""Of a month."""
SEEN = "2026-11-29"
"""When the sources were read; none of them is the Price List API."""


@dataclass(frozen=True)
class Price:
    """A list price in USD for one unit, and who says so."""

    usd: float
    unit: str
    source: str


FARGATE = "https://www.vantage.sh/blog/fargate-pricing"
CLOUDWATCH = "https://cloudburn.io/blog/amazon-cloudwatch-pricing"
DYNAMODB = "https://airbyte.com/data-engineering-resources/dynamodb-pricing"
NETWORK = "https://www.cloudcostchefs.com/blog/cloud-networking-costs-ipv4-egress-2026"
PRICES: Mapping[str, Price] = {
    "Fargate vCPU": Price(0.03238, "hour, Linux on ARM; x86 is a quarter more", FARGATE),
    "Fargate memory": Price(0.00356, "GB-hour, Linux on ARM; x86 is a quarter more", FARGATE),
    "public IPv4 address": Price(0.005, "hour", NETWORK),
    "NAT gateway": Price(0.045, "hour, and as much for each GB", NETWORK),
    "secret": Price(
        0.40,
        "month",
        "https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms",
    ),
    "alarm": Price(0.10, "month", "https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm"),
    "custom metric": Price(0.30, "month", "https://signoz.io/guides/cloudwatch-pricing"),
    "log": Price(0.50, "GB taken in", CLOUDWATCH),
    "metric read": Price(
        0.01 / 1_000,
        "metric asked of GetMetricData",
        "https://support.site24x7.com/portal/en/kb/articles/aws-cloudwatch-metrics-cost-calculation",
    ),
    "Cost Explorer": Price(
        0.01, "request", "https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/"
    ),
    "queue": Price(0.40 / 1e6, "request", "https://cloudburn.io/blog/amazon-sqs-pricing"),
    "event": Price(
        1.00 / 1e6,
        "event put, and again where it goes to another account",
        "https://cloudburn.io/blog/amazon-eventbridge-pricing",
    ),
    "state transition": Price(
        0.025 / 1_000, "transition", "https://aws.amazon.com/step-functions/pricing/"
    ),
    "table write": Price(0.625 / 1e6, "write of 1 KB", DYNAMODB),
    "table read": Price(0.125 / 1e6, "read of 4 KB", DYNAMODB),
    "second trail": Price(
        2.00 / 100_000, "management event", "https://aws.amazon.com/cloudtrail/pricing/"
    ),
    "GuardDuty": Price(
        4.00 / 1e6,
        "management event, up to 500 million",
        "https://www.factualminds.com/blog/amazon-guardduty-pricing-data-sources-multi-account/",
    ),
}
FREE = (
    "StackSets, CloudFormation, EventBridge rules, IAM, STS, Organizations, listing and describing"
)

# What an organization is taken to do; a month, each account.
REGIONS = 4
STARTS = 20
"""Things that are started, and stopped by guardian."""
CLUSTER_DAYS = 1.0
"""Days on which an EMR cluster is at work."""
RUNNING = 1.0
"""Things that run at any moment."""

# What guardian does about it. Transitions are those of executions on local AWS.
STOPPED, YIELDED = 20, 15
"""Of the machine that stops a notebook, and of the one that its native event started besides."""
LOOK = 7
"""Of one more look at a cluster, metric included."""
LOOKS_A_DAY = 24 * 4
"""A quarter of an idle time of one hour lies between two looks."""
SWEEPS, DRIFTS = 24, 4
"""A day, with the default schedules."""
DRIFT_CALLS = 12
"""At most, of an account and region: docs/reference/aws-calls.md."""
READS = 2
"""Of the sweep, for each thing that runs: its state, its tags."""
METRICS = 15
"""That CloudWatch takes out of the log: docs/reference/metrics.md."""
ALARMS, SECRETS = 2, 1
"""Of deploy/hub.yaml."""
LOG_GB, LOG_GB_OUTCOME = 0.1, 2e-6
"""Taken in: by the jobs' own lines, and for each outcome."""
COST_REQUESTS = 35
"""Of Cost Explorer: eight for a digest once a week."""
POLLS, RENEWALS = HOURS * 360, HOURS * 720
"""Of the queue every ten seconds; of the lease in the journal's table every five."""


@dataclass(frozen=True)
class Size:
    """A task of Fargate."""

    cpu: float
    memory: float


def task(accounts: int) -> Size:
    """A sweep of a thousand accounts in four regions takes some 85 s of CPU: more accounts than that ask for more."""
    return Size(0.25, 0.5) if accounts <= 1_000 else Size(1, 2)  # noqa: PLR2004 - the line between the two


def calls(accounts: int) -> float:
    """Calls in member accounts, a month: what a trail records of guardian."""
    listings = sum(kind.default for kind in all_kinds().values())
    sweep = 1 + REGIONS * listings + READS * RUNNING
    return accounts * DAYS * (SWEEPS * sweep + DRIFTS * REGIONS * DRIFT_CALLS)


def hub(accounts: int) -> Iterator[tuple[str, float]]:
    """What the hub's account pays, by item, in USD a month."""
    usd = {name: price.usd for name, price in PRICES.items()}
    size, outcomes = task(accounts), accounts * (STARTS + CLUSTER_DAYS)
    yield "Fargate", HOURS * (size.cpu * usd["Fargate vCPU"] + size.memory * usd["Fargate memory"])
    yield "a public address", HOURS * usd["public IPv4 address"]
    yield "secrets", SECRETS * usd["secret"]
    yield "metrics and alarms", METRICS * usd["custom metric"] + ALARMS * usd["alarm"]
    yield "logs", (LOG_GB + outcomes * LOG_GB_OUTCOME) * usd["log"]
    yield "Cost Explorer", COST_REQUESTS * usd["Cost Explorer"]
    yield "SQS", (POLLS + 3 * outcomes) * usd["queue"]
    writes, reads = RENEWALS + 4 * outcomes, 4 * POLLS  # by the jobs that run every ten seconds
    yield "DynamoDB", writes * usd["table write"] + reads * usd["table read"]


def members(accounts: int) -> Iterator[tuple[str, float]]:
    """What all member accounts together pay."""
    usd = {name: price.usd for name, price in PRICES.items()}
    looks = CLUSTER_DAYS * LOOKS_A_DAY * 2  # the caller's machine and that of the native event
    transitions = STARTS * (STOPPED + YIELDED) + looks * LOOK
    yield "Step Functions", accounts * transitions * usd["state transition"]
    yield "EventBridge", accounts * (STARTS + CLUSTER_DAYS) * 2 * usd["event"]
    read = looks + CLUSTER_DAYS * SWEEPS
    yield "CloudWatch, whether clusters idle", accounts * read * usd["metric read"]


def elsewhere(accounts: int) -> Iterator[tuple[str, float]]:
    """What other services charge for looking at guardian's calls, where they are used."""
    yield "a second trail", calls(accounts) * PRICES["second trail"].usd
    yield "GuardDuty", calls(accounts) * PRICES["GuardDuty"].usd


def dollars(usd: float) -> str:
    return f"${usd:,.2f}"


def row(title: str, cells: list[str]) -> str:
    return f"| {title} | {' | '.join(cells)} |"


def table() -> list[str]:
    """Item by item, for every size."""
    lines = [
        row("USD a month", [f"{size:,} accounts" for size in SIZES]),
        "|---" + "|---:" * len(SIZES) + "|",
    ]
    for part in (hub, members):
        items = [dict(part(size)) for size in SIZES]
        lines += [row(name, [dollars(each[name]) for each in items]) for name in items[0]]
    totals = [sum(usd for part in (hub, members) for _, usd in part(size)) for size in SIZES]
    lines.append(row("**together**", [f"**{dollars(total)}**" for total in totals]))
    each = [total / size for total, size in zip(totals, SIZES, strict=True)]
    lines.append(row("an account", [dollars(one) for one in each]))
    return lines


def others() -> list[str]:
    """The calls, and what others charge for them."""
    lines = [
        row("a month", [f"{size:,} accounts" for size in SIZES]),
        "|---" + "|---:" * len(SIZES) + "|",
        row("calls, in thousands", [f"{calls(size) / 1_000:,.0f}" for size in SIZES]),
    ]
    items = [dict(elsewhere(size)) for size in SIZES]
    return lines + [row(name, [dollars(each[name]) for each in items]) for name in items[0]]


def prices() -> list[str]:
    """Every price with its unit and its source."""
    lines = ["| price | USD | a | source |", "|---|---:|---|---|"]
    for name, price in PRICES.items():
        host = price.source.split("/")[2].removeprefix("www.")
        lines.append(
            f"| {name} | {price.usd:.10f}".rstrip("0")
            + f" | {price.unit} | [{host}]({price.source}) |"
        )
    return lines


def written(page: str) -> str:
    """The page with its tables as they should be, each behind a comment with its name."""
    for name, lines in (("table", table()), ("others", others()), ("prices", prices())):
        head, mark, rest = page.partition(f"<!-- own_costs.{name} -->\n")
        page = (
            head + mark + "\n" + "\n".join(lines) + "\n\n" + rest.lstrip("\n").partition("\n\n")[2]
        )
    return page


def main() -> None:
    print("\n".join([*table(), "", *others()]))


if __name__ == "__main__":
    main()
