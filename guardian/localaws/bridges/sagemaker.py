"""SageMaker notebook instances: starting and stopping take time and are announced as events."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from botocore.session import get_session
from moto.core.responses import ActionResult
from moto.sagemaker import models
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeSagemakerNotebookInstance, SageMakerModelBackend

from guardian.localaws.bus import BusAddress
from guardian.localaws.lifecycle import Agenda, Announcer, History, Stage
from guardian.localaws.sagemaker.listing import Listing
from guardian.localaws.sagemaker.part import Part, serve
from guardian.localaws.world import World

STARTING_TAKES = timedelta(seconds=30)
STOPPING_TAKES = timedelta(seconds=20)
DETAIL_TYPE = "SageMaker Notebook Instance State Change"
LISTING = Listing(
    "NotebookInstances", "NotebookInstanceName", "NotebookInstanceStatus", sort_by="Name"
)


class NotebookInstance(FakeSagemakerNotebookInstance):
    """moto's notebook instance, with states that follow each other on the local clock."""

    arn: str

    def __init__(self, world: World, agenda: Agenda, **request: Any) -> None:
        self._world = world
        self._account = request["account_id"]
        self._announcer = Announcer(agenda, self._announce)
        self._history = History(())
        super().__init__(**request)
        # AWS writes the name in lower case here and as it was given everywhere else.
        prefix, _, name = self.arn.rpartition("/")
        self.arn = f"{prefix}/{name.lower()}"

    def validate_instance_type(self, instance_type: str) -> None:
        if instance_type not in _instance_types():
            raise ValidationError(
                f"Value '{instance_type}' at 'instanceType' failed to satisfy constraint: "
                f"Member must satisfy enum value set: {_instance_types()}"
            )

    def start(self) -> None:
        """Begin to start; in service after a while. moto calls this for a new one too."""
        if self._history.stages:
            self._require("Pending", "Stopped", "Failed")
        self._enter("Pending", STARTING_TAKES, "InService")

    def stop(self) -> None:
        """Begin to stop. Raises ValidationError unless it is in service."""
        self._require("Stopping", "InService")
        self._enter("Stopping", STOPPING_TAKES, "Stopped")

    def forget(self) -> None:
        """Announce nothing more: it was deleted."""
        self._announcer.follow(())

    def refresh(self, now: datetime) -> None:
        """Bring moto's attributes up to `now`."""
        stage = self._history.at(now)
        self.status = stage.state
        self.last_modified_time = stage.at

    def _require(self, target: str, *allowed: str) -> None:
        self.refresh(self._world.clock.now())
        if self.status not in allowed:
            raise ValidationError(
                f"Status ({self.status}) not in ([{', '.join(allowed)}]). Unable to transition "
                f"to ({target}) for Notebook Instance ({self.arn})"
            )

    def _enter(self, state: str, takes: timedelta, then: str) -> None:
        now = self._world.clock.now()
        self._history = self._history.replan(now, Stage(now, state), Stage(now + takes, then))
        self.refresh(now)
        self._announcer.follow(self._history.stages)

    def _announce(self, stage: Stage) -> None:
        detail = {
            "NotebookInstanceArn": self.arn,
            "NotebookInstanceName": self.notebook_instance_name,
            "NotebookInstanceStatus": stage.state,
            "InstanceType": self.instance_type,
            "RoleArn": self.role_arn,
            "LastModifiedTime": _milliseconds(stage.at),
            "CreationTime": _milliseconds(self._history.stages[0].at),
            "Tags": {tag["Key"]: tag["Value"] for tag in self.tags},
        }
        bus = BusAddress(self._account, self.region_name)
        self._world.bus.emit(bus, "aws.sagemaker", DETAIL_TYPE, detail, [self.arn])


class NotebookInstances(Part):
    """Answers calls about notebook instances as they are at the moment of the call."""

    @property
    def sagemaker_backend(self) -> SageMakerModelBackend:
        backend = super().sagemaker_backend
        for notebook in list(backend.notebook_instances.values()):
            notebook.refresh(self.world.clock.now())
        return backend

    def list_notebook_instances(self) -> ActionResult:
        notebooks = self.sagemaker_backend.notebook_instances.values()
        rows = [notebook.to_dict() for notebook in notebooks]
        return ActionResult(LISTING.answer(rows, self.asked))

    def delete_notebook_instance(self) -> ActionResult:
        backend = self.sagemaker_backend
        notebook = backend.get_notebook_instance(self._get_param("NotebookInstanceName"))
        result = super().delete_notebook_instance()
        notebook.forget()
        return result


def install(world: World) -> None:
    """Give notebook instances a life, and date everything of SageMaker by the local clock."""
    agenda = Agenda(world.clock)
    world.on_reset(agenda.clear)
    NotebookInstances.world = world
    models.utcnow = lambda: world.clock.now().replace(tzinfo=None)
    models.FakeSagemakerNotebookInstance = partial(NotebookInstance, world, agenda)
    FakeSagemakerNotebookInstance.delete_from_cloudformation_json = _delete_with_stack
    SageMakerModelBackend.add_tags = _add_tags
    SageMakerModelBackend._get_resource_from_arn = _resource_of(
        SageMakerModelBackend._get_resource_from_arn
    )
    serve(NotebookInstances)


def _delete_with_stack(arn: str, _: object, account: str, region: str) -> None:
    """Delete the notebook instance of a stack; AWS stops it first, here it goes at once."""
    notebooks = models.sagemaker_backends[account][region].notebook_instances
    for name in [name for name, notebook in notebooks.items() if notebook.arn == arn]:
        notebooks.pop(name).forget()


def _add_tags(
    backend: SageMakerModelBackend, arn: str, tags: list[dict[str, str]]
) -> list[dict[str, str]]:
    """Add tags; one of the same key is replaced, where moto would keep both."""
    resource = backend._get_resource_from_arn(arn)
    keys = {tag["Key"] for tag in tags}
    resource.tags = [tag for tag in resource.tags if tag["Key"] not in keys] + tags
    return resource.tags


def _resource_of(
    original: Callable[[SageMakerModelBackend, str], Any],
) -> Callable[[SageMakerModelBackend, str], Any]:
    def find(backend: SageMakerModelBackend, arn: str) -> Any:
        if ":notebook-instance/" not in arn:
            return _existing(original(backend, arn))
        for notebook in backend.notebook_instances.values():
            if notebook.arn == arn:
                return notebook
        raise ValidationError("RecordNotFound")

    return find


def _existing(resource: Any) -> Any:
    if resource is None:
        raise ValidationError("RecordNotFound")
    return resource


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@cache
def _instance_types() -> tuple[str, ...]:
    """Every instance type that botocore knows for notebooks; moto's list is years old."""
    shape: Any = get_session().get_service_model("sagemaker").shape_for("InstanceType")
    return tuple(shape.enum)
