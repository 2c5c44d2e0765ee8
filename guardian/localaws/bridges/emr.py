"""EMR clusters: they start, work, wait and terminate on the local clock, announced as events."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any, ClassVar

from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.emr import models, urls
from moto.emr.exceptions import InvalidCluster, InvalidRequestException, ValidationException
from moto.emr.models import ElasticMapReduceBackend, InstanceGroup
from moto.emr.responses import ElasticMapReduceResponse

from guardian.localaws.emr_cluster import ENDING, EmrCluster
from guardian.localaws.lifecycle import Agenda
from guardian.localaws.world import World

DEFAULT_IDLE_SECONDS = 3600
IDLE_SECONDS = range(60, 604_800 + 1)
MAX_JOB_FLOWS = 10
PAGE = 50


class EmrClusters(ElasticMapReduceResponse):
    """Answers calls about clusters as they are at the moment of the call."""

    world: ClassVar[World]

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        # moto's EMR reads the region from AWS's host names only; all others, from the signature.
        return str(BaseResponse.get_region_from_url(self, request, full_url))

    @property
    def backend(self) -> ElasticMapReduceBackend:
        backend = super().backend
        for cluster in list(backend.clusters.values()):
            cluster.refresh(self.world.clock.now())
        return backend

    def run_job_flow(self) -> ActionResult:
        if self._get_param("Instances.InstanceFleets"):
            raise ValidationException("Local AWS has no instance fleets; use instance groups.")
        result = super().run_job_flow()
        policy = self._get_param("AutoTerminationPolicy")
        if policy:
            self._limit_idleness(result.result["JobFlowId"], policy)
        return self._announced(result)

    def add_job_flow_steps(self) -> ActionResult:
        self._require_job_flows([self._get_param("JobFlowId")])
        return self._announced(super().add_job_flow_steps())

    def terminate_job_flows(self) -> ActionResult:
        ids = self._get_param("JobFlowIds")
        self._require_job_flows(ids)
        if len(ids) > MAX_JOB_FLOWS:
            raise ValidationException(f"Size of jobFlowIds must be at most {MAX_JOB_FLOWS}")
        alive = [i for i in ids if self.backend.clusters[i].state not in ENDING]
        self.backend.terminate_job_flows(alive)
        return self._announced(EmptyResult())

    def set_termination_protection(self) -> ActionResult:
        self._require_job_flows(self._get_param("JobFlowIds"))
        return super().set_termination_protection()

    def list_clusters(self) -> ActionResult:
        marker = self._get_param("Marker") or ""
        if marker and marker not in self.backend.clusters:
            raise InvalidRequestException(f"Marker '{marker}' is not valid.")
        found = self.backend.list_clusters(
            self._get_param("ClusterStates", []),
            self._get_param("CreatedAfter"),
            self._get_param("CreatedBefore"),
        )
        rest = [cluster for cluster in found if cluster.id > marker]
        result: dict[str, Any] = {"Clusters": rest[:PAGE]}
        if len(rest) > PAGE:
            result["Marker"] = rest[PAGE - 1].id
        return ActionResult(result)

    def list_instances(self) -> ActionResult:
        cluster = self.backend.describe_cluster(self._get_param("ClusterId"))
        states = self._get_param("InstanceStates")
        types = self._get_param("InstanceGroupTypes")
        wanted = self._get_param("InstanceGroupId")
        groups = [
            group
            for group in cluster.instance_groups
            if (not types or group.role in types)
            and wanted in (None, group.id)
            and (not states or group.state in states)
        ]
        return ActionResult({"Instances": [i for group in groups for i in _instances(group)]})

    def put_auto_termination_policy(self) -> ActionResult:
        policy = self._get_param("AutoTerminationPolicy") or {}
        self._limit_idleness(self._get_param("ClusterId"), policy)
        return self._announced(EmptyResult())

    def get_auto_termination_policy(self) -> ActionResult:
        cluster = self.backend.describe_cluster(self._get_param("ClusterId"))
        policy = cluster.auto_termination_policy
        return ActionResult({"AutoTerminationPolicy": policy} if policy else {})

    def remove_auto_termination_policy(self) -> ActionResult:
        self.backend.describe_cluster(self._get_param("ClusterId")).limit_idleness(None)
        return self._announced(EmptyResult())

    def _limit_idleness(self, cluster_id: str, policy: dict[str, int]) -> None:
        seconds = policy.get("IdleTimeout", DEFAULT_IDLE_SECONDS)
        if seconds not in IDLE_SECONDS:
            raise ValidationException(
                f"IdleTimeout must be {IDLE_SECONDS.start} to {IDLE_SECONDS.stop - 1} seconds"
            )
        self.backend.describe_cluster(cluster_id).limit_idleness(seconds)

    def _require_job_flows(self, ids: list[str]) -> None:
        if not set(ids) <= set(self.backend.clusters):
            raise ValidationException("Specified job flow ID does not exist.")

    def _announced(self, result: ActionResult) -> ActionResult:
        """`result`, after every cluster has planned its announcements anew."""
        _ = self.backend
        return result


class ClustersById(dict[str, EmrCluster]):
    """Answers an unknown id with EMR's error, where moto's dict breaks the request."""

    def __missing__(self, cluster_id: str) -> EmrCluster:
        raise InvalidCluster(cluster_id)


def install(world: World) -> None:
    """Give clusters a life, and date everything of EMR by the local clock."""
    agenda = Agenda(world.clock)
    world.on_reset(agenda.clear)
    EmrClusters.world = world
    models.utcnow = lambda: world.clock.now().replace(tzinfo=None)
    models.Cluster = partial(EmrCluster, world, agenda)
    # Nodes are not instances of EC2 here: moto would leave them running for ever.
    ElasticMapReduceBackend.run_instances = lambda *_: None
    ElasticMapReduceBackend.__init__ = _with_clusters_by_id(ElasticMapReduceBackend.__init__)
    InstanceGroup.running_instance_count = property(_running)
    urls.url_paths = dict.fromkeys(urls.url_paths, EmrClusters.dispatch)


def _with_clusters_by_id(original: Callable[..., None]) -> Callable[..., None]:
    def init(backend: ElasticMapReduceBackend, region_name: str, account_id: str) -> None:
        original(backend, region_name, account_id)
        backend.clusters = ClustersById()

    return init


def _running(group: InstanceGroup) -> int:
    return int(group.num_instances) if group.state == "RUNNING" else 0


def _instances(group: InstanceGroup) -> list[dict[str, Any]]:
    """The nodes of a group, with ids that follow from the group's."""
    return [
        {
            "Id": f"ci-{digest[:13].upper()}",
            "Ec2InstanceId": f"i-{digest[:17]}",
            "InstanceGroupId": group.id,
            "InstanceType": group.instance_type,
            "Market": group.market,
            "Status": group.status,
        }
        for number in range(group.num_instances)
        for digest in [sha256(f"{group.id}/{number}".encode()).hexdigest()]
    ]
