"""SageMaker's training, processing and transform jobs: they take time, and can be stopped."""

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ValidationError
from moto.sagemaker.utils import arn_formatter

from guardian.localaws.sagemaker.jobs import PROCESSING, TRAINING, TRANSFORM, Job, JobKind
from guardian.localaws.sagemaker.listing import Listing
from guardian.localaws.sagemaker.part import Part, serve
from guardian.localaws.world import World


class Jobs(Part):
    """Answers the calls about jobs instead of moto, whose jobs are completed when created."""

    def create_training_job(self) -> ActionResult:
        return self._create(TRAINING)

    def describe_training_job(self) -> ActionResult:
        return self._describe(TRAINING)

    def list_training_jobs(self) -> ActionResult:
        return self._list(TRAINING)

    def stop_training_job(self) -> ActionResult:
        return self._stop(TRAINING)

    def create_processing_job(self) -> ActionResult:
        return self._create(PROCESSING)

    def describe_processing_job(self) -> ActionResult:
        return self._describe(PROCESSING)

    def list_processing_jobs(self) -> ActionResult:
        return self._list(PROCESSING)

    def stop_processing_job(self) -> ActionResult:
        return self._stop(PROCESSING)

    def create_transform_job(self) -> ActionResult:
        model = self.asked["ModelName"]
        if model not in self.sagemaker_backend._models:
            arn = arn_formatter("model", model, self.current_account, self.region)
            raise ValidationError(f'Could not find model "{arn}".')
        return self._create(TRANSFORM)

    def describe_transform_job(self) -> ActionResult:
        return self._describe(TRANSFORM)

    def list_transform_jobs(self) -> ActionResult:
        return self._list(TRANSFORM)

    def stop_transform_job(self) -> ActionResult:
        return self._stop(TRANSFORM)

    def search(self) -> ActionResult:
        if self.asked["Resource"] == "TrainingJob":
            # moto's search reads attributes that only its own jobs have.
            raise NotImplementedError
        return super().search()

    def _jobs(self, kind: JobKind) -> dict[str, Job]:
        # In moto's own dicts, so that its tags and its tagging API find them.
        jobs: dict[str, Job] = getattr(self.sagemaker_backend, f"{kind.prefix.lower()}_jobs")
        return jobs

    def _create(self, kind: JobKind) -> ActionResult:
        name = self.asked[kind.member("Name")]
        arn = arn_formatter(kind.arn_type, name, self.current_account, self.region)
        if name in self._jobs(kind):
            raise ResourceInUseException(
                f"{kind.noun.capitalize()} names must be unique within an AWS account and region, "
                f"and a {kind.noun} with this name already exists ({arn})"
            )
        self._jobs(kind)[name] = Job.start(kind, arn, self.asked, self.now)
        return ActionResult({kind.member("Arn"): arn})

    def _describe(self, kind: JobKind) -> ActionResult:
        return ActionResult(self._job(kind).describe(self.now))

    def _list(self, kind: JobKind) -> ActionResult:
        listing = Listing(
            kind.member("Summaries"),
            kind.member("Name"),
            kind.member("Status"),
            status_after_paging=kind is TRAINING,
        )
        now = self.now
        rows = [job.summary(now) for job in list(self._jobs(kind).values())]
        return ActionResult(listing.answer(rows, self.asked))

    def _stop(self, kind: JobKind) -> ActionResult:
        self._job(kind).stop(self.now)
        return EmptyResult()

    def _job(self, kind: JobKind) -> Job:
        name = self.asked[kind.member("Name")]
        if name not in self._jobs(kind):
            raise ValidationError(kind.unknown.format(name=name))
        return self._jobs(kind)[name]


def install(world: World) -> None:
    """Answer for jobs instead of moto."""
    Jobs.world = world
    serve(Jobs)
