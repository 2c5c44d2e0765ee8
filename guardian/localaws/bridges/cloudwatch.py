"""CloudWatch: `IsIdle` of EMR clusters, and no forged metrics of AWS services."""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from moto.cloudwatch import models, urls
from moto.cloudwatch.exceptions import InvalidParameterValue
from moto.cloudwatch.models import CloudWatchBackend, MetricDatum
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.emr.models import emr_backends

from guardian.localaws.world import World

NAMESPACE = "AWS/ElasticMapReduce"
METRIC = "IsIdle"
SAMPLED_EVERY = 300


class CloudWatch(CloudWatchResponse):
    """moto's CloudWatch, shown the samples of the clusters that a call asks about."""

    world: ClassVar[World]

    def put_metric_data(self) -> ActionResult:
        namespace = str(self._get_param("Namespace"))
        if namespace.startswith("AWS/"):
            raise InvalidParameterValue(
                f"The value {namespace} for parameter Namespace is invalid. "
                "Namespaces that begin with AWS/ belong to AWS services."
            )
        return super().put_metric_data()

    @property
    def cloudwatch_backend(self) -> CloudWatchBackend:
        """Moto's backend with the samples that this call needs and no others.

        They follow from the clusters' histories, so there are none to store or to let pile up.
        """
        backend = super().cloudwatch_backend
        samples = list(self._samples(backend))
        if not samples:
            return backend
        view = copy(backend)
        view.metric_data = [*backend.metric_data, *samples]
        return view

    def _samples(self, backend: CloudWatchBackend) -> Iterator[MetricDatum]:
        params = self._get_params()
        if "StartTime" not in params or "EndTime" not in params:
            return
        clusters = emr_backends[backend.account_id][backend.region_name].clusters
        end = min(_aware(params["EndTime"]), self.world.clock.now())
        for job_flow_id in sorted(set(_job_flow_ids(params)) & set(clusters)):
            dimensions = [{"Name": "JobFlowId", "Value": job_flow_id}]
            samples = clusters[job_flow_id].idle_samples(
                _aware(params["StartTime"]), end, SAMPLED_EVERY
            )
            for moment, value in samples:
                naive = moment.replace(tzinfo=None)
                yield MetricDatum(NAMESPACE, METRIC, value, dimensions, naive, "None")

    def get_metric_data(self) -> ActionResult:
        # As on AWS, a period begins at a multiple of its length; moto starts at StartTime.
        params = self._get_params()
        periods = [query["MetricStat"]["Period"] for query in _idle_queries(params)]
        if periods:
            start = params["StartTime"]
            surplus = _aware(start).timestamp() % min(int(period) for period in periods)
            params["StartTime"] = start - timedelta(seconds=surplus)
        return super().get_metric_data()


def install(world: World) -> None:
    """Answer `IsIdle`, and date everything of CloudWatch by the local clock."""
    CloudWatch.world = world
    models.utcnow = lambda: world.clock.now().replace(tzinfo=None)
    urls.url_paths = dict.fromkeys(urls.url_paths, CloudWatch.dispatch)


def _job_flow_ids(params: Mapping[str, Any]) -> Iterable[str]:
    """The clusters whose `IsIdle` GetMetricData or GetMetricStatistics asks for."""
    metrics = [query["MetricStat"]["Metric"] for query in _idle_queries(params)]
    for metric in [*metrics, params]:
        if (metric.get("Namespace"), metric.get("MetricName")) != (NAMESPACE, METRIC):
            continue
        for dimension in metric.get("Dimensions", []):
            if dimension["Name"] == "JobFlowId":
                yield dimension["Value"]


def _idle_queries(params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        query
        for query in params.get("MetricDataQueries", [])
        if query.get("MetricStat", {}).get("Metric", {}).get("Namespace") == NAMESPACE
    ]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
