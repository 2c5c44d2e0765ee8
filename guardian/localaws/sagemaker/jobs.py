"""Training, processing and transform jobs: they start, run for a time, and end or are stopped."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from moto.sagemaker.exceptions import ValidationError

from guardian.localaws.lifecycle import History, Stage

STARTING_TAKES = timedelta(seconds=120)
STOPPING_TAKES = timedelta(seconds=30)
RUNS_FOR = timedelta(hours=1)
DEFAULT_MAX_RUNTIME_SECONDS = 86_400
ENDED = ("Completed", "Stopped")
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Training": "Training image download completed. Training in progress.",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "Completed": "Training job completed",
}


@dataclass(frozen=True)
class JobKind:
    """A kind of job: its name in the API, and what its calls say of a name they do not know."""

    prefix: str
    unknown: str

    @property
    def noun(self) -> str:
        return f"{self.prefix.lower()} job"

    @property
    def arn_type(self) -> str:
        return f"{self.prefix.lower()}-job"

    def member(self, suffix: str) -> str:
        """`Name` is `TrainingJobName`."""
        return f"{self.prefix}Job{suffix}"


TRAINING = JobKind("Training", "Requested resource not found.")
PROCESSING = JobKind("Processing", "Could not find requested job with name: {name}")
TRANSFORM = JobKind("Transform", "Could not find requested job with name: {name}")


@dataclass
class Job:
    """A job as it was asked for, and what became of it.

    The stages of every kind are the secondary statuses of a training job.
    """

    kind: JobKind
    arn: str
    request: Mapping[str, Any]
    history: History
    tags: list[dict[str, str]]

    @classmethod
    def start(cls, kind: JobKind, arn: str, request: Mapping[str, Any], now: datetime) -> "Job":
        """A job that runs as long as its stopping condition lets it, or for an hour."""
        limit = (request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
        begins = now + STARTING_TAKES
        ends = begins + (RUNS_FOR if limit is None else timedelta(seconds=limit))
        stages = Stage(now, "Starting"), Stage(begins, "Training"), Stage(ends, "Completed")
        return cls(kind, arn, request, History(stages), list(request.get("Tags", [])))

    @property
    def name(self) -> str:
        return str(self.request[self.kind.member("Name")])

    def status(self, now: datetime) -> str:
        state = self.history.at(now).state
        return "InProgress" if state in ("Starting", "Training") else state

    def stop(self, now: datetime) -> None:
        """Begin to stop. Raises ValidationError unless it is in progress."""
        status = self.status(now)
        if status != "InProgress":
            raise ValidationError(
                f"The request was rejected because the {self.kind.noun} is in status {status}."
            )
        stages = Stage(now, "Stopping"), Stage(now + STOPPING_TAKES, "Stopped")
        self.history = self.history.replan(now, *stages)

    def summary(self, now: datetime) -> dict[str, Any]:
        """The job as a List call answers it at `now`."""
        stage = self.history.at(now)
        found = {
            self.kind.member("Name"): self.name,
            self.kind.member("Arn"): self.arn,
            self.kind.member("Status"): self.status(now),
            "CreationTime": self.history.stages[0].at,
            "LastModifiedTime": stage.at,
        }
        if stage.state in ENDED:
            found[f"{self.kind.prefix}EndTime"] = stage.at
        return found | ({"SecondaryStatus": stage.state} if self.kind is TRAINING else {})

    def describe(self, now: datetime) -> dict[str, Any]:
        """The job as its Describe call answers it at `now`."""
        request = {name: value for name, value in self.request.items() if name != "Tags"}
        began = self.history.first("Training")
        found = request | self.summary(now)
        if began is not None and began <= now:
            found[f"{self.kind.prefix}StartTime"] = began
        return found | (self._trained(began, now) if self.kind is TRAINING else {})

    def _trained(self, began: datetime | None, now: datetime) -> dict[str, Any]:
        folder = self.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        limit = {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_SECONDS}
        found = {
            "ModelArtifacts": {"S3ModelArtifacts": f"{folder}/{self.name}/output/model.tar.gz"},
            "StoppingCondition": limit | self.request.get("StoppingCondition", {}),
            "SecondaryStatusTransitions": self._transitions(now),
        }
        stage = self.history.at(now)
        if began is not None and stage.state in ENDED:
            seconds = int((stage.at - began).total_seconds())
            found |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        return found

    def _transitions(self, now: datetime) -> list[dict[str, Any]]:
        begun = [stage for stage in self.history.stages if stage.at <= now]
        found = [
            {"Status": stage.state, "StartTime": stage.at, "StatusMessage": MESSAGES[stage.state]}
            for stage in begun
        ]
        for transition, (_, following) in zip(found, pairwise(begun), strict=False):
            transition["EndTime"] = following.at
        return found
