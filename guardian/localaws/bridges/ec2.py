"""EC2 instances: they start, run, stop and end on the local clock, announced as events."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from moto.core.responses import ActionResult
from moto.ec2 import urls
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import elastic_block_store, instances
from moto.ec2.models.instances import Instance, InstanceState
from moto.ec2.responses import EC2Response
from moto.utilities.utils import get_partition

from guardian.localaws.bus import BusAddress
from guardian.localaws.lifecycle import Agenda, Announcer, History, Stage
from guardian.localaws.world import World

PENDING_TAKES = timedelta(seconds=15)
STOPPING_TAKES = timedelta(seconds=20)
SHUTTING_DOWN_TAKES = timedelta(seconds=15)
DETAIL_TYPE = "EC2 Instance State-change Notification"
CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
ENDED = ("shutting-down", "terminated")


class Ec2Instance(Instance):
    """moto's instance, with states that follow each other on the local clock."""

    world: ClassVar[World]
    agenda: ClassVar[Agenda]

    def __init__(self, *args: Any, **request: Any) -> None:
        self.history = History(())
        self.spot_type = "one-time"
        self.announcer = Announcer(self.agenda, self._announce)
        super().__init__(*args, **request)
        # Not earlier: what is to be announced is told by a thread of its own.
        self.announcer.follow(self.history.stages)

    @property
    def _state(self) -> InstanceState:
        """The state at the moment of asking: moto reads it everywhere."""
        name = self.history.at(self.world.clock.now()).state
        return InstanceState(name, CODES[name])

    @_state.setter
    def _state(self, _: InstanceState) -> None:
        """A new instance begins; moto sets this only once."""
        self._plan("pending", PENDING_TAKES, "running")

    @property
    def arn(self) -> str:
        region = self.region_name
        return f"arn:{get_partition(region)}:ec2:{region}:{self.owner_id}:instance/{self.id}"

    @property
    def is_one_time(self) -> bool:
        return self.lifecycle == "spot" and self.spot_type != "persistent"

    @property
    def has_run(self) -> bool:
        began = self.history.first("running")
        return began is not None and began <= self.world.clock.now()

    def start(self) -> InstanceState:
        """Begin to start; nothing happens to one that runs. Answers the state before."""
        before = self._state
        if before.name in ("pending", "running"):
            return before
        super().start()
        self.launch_time = instances.utcnow()
        self._enter("pending", PENDING_TAKES, "running")
        return before

    def stop(self) -> InstanceState:
        """Begin to stop; nothing happens to one that is stopped. Answers the state before."""
        before = self._state
        if before.name in ("stopping", "stopped"):
            return before
        super().stop()
        self._enter("stopping", STOPPING_TAKES, "stopped")
        return before

    def terminate(self) -> InstanceState:
        """Begin to end; nothing happens when that has begun. Answers the state before."""
        before = self._state
        if before.name in ENDED:
            return before
        super().terminate()
        self._enter("shutting-down", SHUTTING_DOWN_TAKES, "terminated")
        return before

    def _enter(self, state: str, takes: timedelta, then: str) -> None:
        self._plan(state, takes, then)
        self.announcer.follow(self.history.stages)

    def _plan(self, state: str, takes: timedelta, then: str) -> None:
        now = self.world.clock.now()
        self.history = self.history.replan(now, Stage(now, state), Stage(now + takes, then))

    def _announce(self, stage: Stage) -> None:
        detail = {"instance-id": self.id, "state": stage.state}
        bus = BusAddress(self.owner_id, self.region_name)
        self.world.bus.emit(bus, "aws.ec2", DETAIL_TYPE, detail, [self.arn])


class Ec2Instances(EC2Response):
    """Refuses what an instance cannot do in its state, where moto does it all the same."""

    def run_instances(self) -> ActionResult:
        # EC2 launches as many as it can; moto only as many as it must.
        self.params["MinCount"] = self._get_param("MaxCount")
        market = self._get_param("InstanceMarketOptions", {})
        result = super().run_instances()
        for instance in result.result.instances:
            instance.spot_type = market.get("SpotOptions", {}).get("SpotInstanceType")
        return result

    def request_spot_instances(self) -> ActionResult:
        result = super().request_spot_instances()
        for request in result.result["SpotInstanceRequests"]:
            request.instance.spot_type = request.type
        return result

    def start_instances(self) -> ActionResult:
        for instance in self._asked_for():
            if instance.state not in ("pending", "running", "stopped"):
                raise _incorrect_state(f"The instance '{instance.id}'", "started")
        return self._as_they_are(super().start_instances())

    def stop_instances(self) -> ActionResult:
        for instance in self._asked_for():
            _require_stoppable(instance)
        return self._as_they_are(super().stop_instances())

    def reboot_instances(self) -> ActionResult:
        for instance in self._asked_for():
            if instance.state not in ("pending", "running"):
                raise _incorrect_state(f"The instance '{instance.id}'", "rebooted")
        return super().reboot_instances()

    def terminate_instances(self) -> ActionResult:
        return self._as_they_are(super().terminate_instances())

    def _asked_for(self) -> Iterable[Ec2Instance]:
        """The instances of the call, so that none is touched unless all can be."""
        self.error_on_dryrun()
        return self.ec2_backend.get_multi_instances_by_id(self._get_param("InstanceIds", []))

    def _as_they_are(self, result: ActionResult) -> ActionResult:
        """`result` with the states that instances are in, where moto assumes a change."""
        (changes,) = result.result.values()
        for change in changes:
            state = self.ec2_backend.get_instance(change["InstanceId"])._state
            change["CurrentState"] = {"Code": state.code, "Name": state.name}
        return result


def install(world: World) -> None:
    """Give instances a life, and date them by the local clock."""
    Ec2Instance.world = world
    Ec2Instance.agenda = Agenda(world.clock)
    world.on_reset(Ec2Instance.agenda.clear)
    instances.Instance = Ec2Instance
    for module in (instances, elastic_block_store):
        module.utcnow = lambda: _to_the_second(world.clock.now())
    urls.url_paths = dict.fromkeys(urls.url_paths, Ec2Instances.dispatch)


def _require_stoppable(instance: Ec2Instance) -> None:
    if instance.state in ENDED:
        raise _incorrect_state(f"This instance '{instance.id}'", "stopped")
    if not instance.has_run:
        raise EC2ClientError(
            "IncorrectInstanceState",
            f"Instance '{instance.id}' cannot be stopped as it has never reached the "
            "'running' state.",
        )
    if instance.is_one_time:
        raise EC2ClientError(
            "UnsupportedOperation",
            f"You can't stop the Spot Instance '{instance.id}' because it is associated with a "
            "one-time Spot Instance request. You can only stop Spot Instances associated with "
            "persistent Spot Instance requests.",
        )
    if instance.disable_api_stop:
        raise EC2ClientError(
            "OperationNotPermitted",
            f"The instance '{instance.id}' may not be stopped. Modify its 'disableApiStop' "
            "instance attribute and try again.",
        )


def _incorrect_state(instance: str, done: str) -> EC2ClientError:
    return EC2ClientError(
        "IncorrectInstanceState", f"{instance} is not in a state from which it can be {done}."
    )


def _to_the_second(moment: datetime) -> datetime:
    """As EC2 tells times, in moto's way: UTC without saying so."""
    return moment.replace(microsecond=0, tzinfo=None)
