"""An endpoint: it takes a while to be in service, and a while to be gone."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpoint

from guardian.localaws.lifecycle import History, Stage
from guardian.localaws.world import World

CREATING_TAKES = timedelta(seconds=120)
DELETING_TAKES = timedelta(seconds=20)
GONE = "Gone"


class Endpoint(FakeEndpoint):
    """moto's endpoint, with states that follow each other on the local clock."""

    world: ClassVar[World]

    def __init__(self, **request: Any) -> None:
        super().__init__(**request)
        self.creation_time = now = self.world.clock.now()
        self._history = History((Stage(now, "Creating"), Stage(now + CREATING_TAKES, "InService")))
        self.refresh(now)

    def refresh(self, now: datetime) -> None:
        """Bring moto's attributes up to `now`; a deleted one ends up as `GONE`."""
        stage = self._history.at(now)
        self.endpoint_status = stage.state
        self.last_modified_time = stage.at

    def begin_deletion(self, now: datetime) -> None:
        """Begin to be deleted. Raises ValidationError while it is created or deleted."""
        self.refresh(now)
        if self.endpoint_status != "InService":
            raise ValidationError(f'Cannot update in-progress endpoint "{self.arn}".')
        stages = Stage(now, "Deleting"), Stage(now + DELETING_TAKES, GONE)
        self._history = self._history.replan(now, *stages)
