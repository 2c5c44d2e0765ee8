"""The health as Prometheus reads it. Docs: docs/reference/metrics.md.

Labels are closed sets of guardian's own words: no account id, no text of others. Pure but for the library.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from guardian.health.record import BOUNDS, Health, JobState
from guardian.health.standing import Standing

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


@dataclass(frozen=True)
class Scene:
    """What is told beside the health: calls by service and result, accounts, and why guardian is not ready.

    Of a standby only the lease, the calls and the process are told.
    """

    health: Health
    calls: Mapping[tuple[str, str], int]
    governed: int
    ungoverned: int
    reasons: int
    standing: Standing = field(default_factory=Standing)


def waiting(health: Health, calls: Mapping[tuple[str, str], int], standing: Standing) -> Scene:
    """The scene of a standby."""
    return Scene(health, calls, 0, 0, reasons=1, standing=standing)


def exposition(scene: Scene) -> bytes:
    """All metrics as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(scene))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def collect(self) -> Iterable[Metric]:
        scene = self._scene
        yield from _process(scene)
        yield from _lease(scene.standing)
        yield _calls(scene.calls)
        if not scene.standing.held:
            return
        yield from _jobs(scene.health.jobs)
        yield from _outcomes(scene.health)
        yield from _queue(scene.health)
        yield from _sweep(scene.health)
        yield from _rollout(scene)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _process(scene: Scene) -> Iterator[Metric]:
    since = scene.health.since.timestamp()
    yield _gauge("guardian_start_time_seconds", "When the daemon started, Unix time.", since)
    yield _gauge("guardian_ready", "1 when /readyz answers 200.", float(not scene.reasons))
    yield _gauge("guardian_paused", "1 while guardian is paused.", float(scene.health.paused))


def _lease(standing: Standing) -> Iterator[Metric]:
    yield _gauge("guardian_lease_held", "1 for the one that acts.", float(standing.held))
    if standing.held:
        yield _gauge(
            "guardian_lease_renewal_age_seconds",
            "How many real seconds ago the lease was renewed last.",
            standing.age,
        )
        yield _gauge(
            "guardian_lease_token", "Grows with every change of who acts.", standing.token
        )


def _jobs(jobs: Mapping[str, JobState]) -> Iterator[Metric]:
    runs = CounterMetricFamily("guardian_job_runs", "Runs that ended.", labels=["job", "result"])
    took = HistogramMetricFamily(
        "guardian_job_duration_seconds", "How long runs took.", labels=["job"]
    )
    success = GaugeMetricFamily(
        "guardian_job_last_success_timestamp_seconds",
        "When a run last ended well, Unix time; none before that.",
        labels=["job"],
    )
    interval = GaugeMetricFamily(
        "guardian_job_interval_seconds", "The time between two runs.", labels=["job"]
    )
    row = GaugeMetricFamily(
        "guardian_job_consecutive_failures",
        "Runs that failed since the last that did not.",
        labels=["job"],
    )
    busy = GaugeMetricFamily("guardian_job_running", "1 while a run is under way.", labels=["job"])
    for job, state in sorted(jobs.items()):
        for result in ("done", "failed", "crashed"):
            runs.add_metric([job, result], state.results.get(result, 0))
        took.add_metric([job], _buckets(state), state.seconds)
        interval.add_metric([job], state.duty.every.total_seconds())
        row.add_metric([job], state.failures)
        busy.add_metric([job], float(state.began is not None))
        if state.succeeded:
            success.add_metric([job], state.succeeded.timestamp())
    yield from (runs, took, success, interval, row, busy)


def _buckets(state: JobState) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    bounds = [*map(str, BOUNDS), "+Inf"]
    return [(bound, sum(state.buckets[: i + 1])) for i, bound in enumerate(bounds)]


def _outcomes(health: Health) -> Iterator[Metric]:
    outcomes = CounterMetricFamily(
        "guardian_outcomes",
        "Ends of governed things, by the way they were noticed.",
        labels=["kind", "result", "by"],
    )
    for (kind, result, by), count in sorted(health.heard.outcomes.items()):
        outcomes.add_metric([kind, result, by], count)
    missed = CounterMetricFamily(
        "guardian_missed", "Ends that no event announced and the sweep caught.", labels=["kind"]
    )
    for kind, count in sorted(_missed(health).items()):
        missed.add_metric([kind], count)
    usd = CounterMetricFamily(
        "guardian_avoided_cost_usd", "Cost avoided, an estimate at list prices.", labels=["kind"]
    )
    for kind, amount in sorted(health.heard.avoided.items()):
        usd.add_metric([kind], float(amount))
    unpriced = CounterMetricFamily(
        "guardian_avoided_cost_unknown", "Stops whose cost is not known."
    )
    unpriced.add_metric([], health.heard.unpriced)
    findings = CounterMetricFamily(
        "guardian_findings", "Things that people should know of.", labels=["about"]
    )
    for about, count in sorted(health.findings.items()):
        findings.add_metric([about], count)
    yield from (outcomes, missed, usd, unpriced, findings)


def _missed(health: Health) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    for (kind, result, by), count in health.heard.outcomes.items():
        if by == "sweep" and result in {"stopped", "would_stop"}:
            counts[kind] += count
    return counts


def _queue(health: Health) -> Iterator[Metric]:
    messages = CounterMetricFamily("guardian_queue_messages", "Messages taken off the queue.")
    messages.add_metric([], health.messages)
    unreadable = CounterMetricFamily(
        "guardian_queue_unreadable", "Messages left to the dead-letter queue."
    )
    unreadable.add_metric([], health.unreadable)
    yield from (messages, unreadable)
    if health.depths:
        yield _gauge(
            "guardian_queue_depth", "Messages in the hub's queue, roughly.", health.depths.queue
        )
    if health.depths and health.depths.unreadable is not None:
        yield _gauge(
            "guardian_queue_unreadable_depth",
            "Messages in its dead-letter queue, roughly.",
            health.depths.unreadable,
        )
    if health.queue_age is not None:
        yield _gauge(
            "guardian_queue_message_age_seconds",
            "How long the oldest of the last messages had waited; 0 when there was none.",
            health.queue_age.total_seconds(),
        )


def _sweep(health: Health) -> Iterator[Metric]:
    swept = health.sweep
    if swept is None:
        return
    for name, what, value in (
        ("accounts", "Accounts looked into", swept.accounts),
        ("places", "Accounts and regions looked into", swept.places),
        ("seen", "Running things seen", swept.seen),
        ("stopped", "Things stopped", swept.stopped),
        ("kept", "Things kept", swept.kept),
        ("troubles", "Places that could not be looked into", swept.troubles),
        ("held", "Things due that a brake held", swept.held),
    ):
        yield _gauge(f"guardian_sweep_{name}", f"{what} by the last sweep.", value)


def _rollout(scene: Scene) -> Iterator[Metric]:
    accounts = GaugeMetricFamily(
        "guardian_accounts", "Accounts of the organization.", labels=["governed"]
    )
    accounts.add_metric(["yes"], scene.governed)
    accounts.add_metric(["no"], scene.ungoverned)
    yield accounts
    rollout = scene.health.rollout
    if rollout is None:
        return
    instances = GaugeMetricFamily(
        "guardian_stack_instances", "Stack instances at the last plan.", labels=["status"]
    )
    for status, count in sorted(rollout.instances.items()):
        instances.add_metric([status], count)
    yield instances
    yield _gauge("guardian_plan_changes", "Changes of the last plan.", rollout.changes)
    yield _gauge("guardian_plan_held", "1 when a brake holds the last plan.", float(rollout.held))


def _calls(calls: Mapping[tuple[str, str], int]) -> Metric:
    told = CounterMetricFamily(
        "guardian_aws_calls", "Attempts at AWS calls.", labels=["service", "result"]
    )
    for (service, result), count in sorted(calls.items()):
        told.add_metric([service, result], count)
    return told
