"""SageMaker's endpoints: they take time to be in service and to be gone."""

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker import models
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend

from guardian.localaws.sagemaker.endpoint import GONE, Endpoint
from guardian.localaws.sagemaker.listing import Listing
from guardian.localaws.sagemaker.part import Part, serve
from guardian.localaws.world import World

LISTING = Listing("Endpoints", "EndpointName", "EndpointStatus", sort_order="Descending")


class Endpoints(Part):
    """Answers calls about endpoints as they are at the moment of the call."""

    @property
    def sagemaker_backend(self) -> SageMakerModelBackend:
        backend = super().sagemaker_backend
        for name, endpoint in list(backend.endpoints.items()):
            endpoint.refresh(self.now)
            if endpoint.endpoint_status == GONE:
                backend.endpoints.pop(name, None)
        return backend

    def create_endpoint(self) -> ActionResult:
        name = self.asked["EndpointName"]
        if name in self.sagemaker_backend.endpoints:
            arn = self.sagemaker_backend.endpoints[name].arn
            raise ValidationError(f'Cannot create already existing endpoint "{arn}".')
        return super().create_endpoint()

    def describe_endpoint(self) -> ActionResult:
        return ActionResult(self._endpoint().response_object)

    def list_endpoints(self) -> ActionResult:
        endpoints = list(self.sagemaker_backend.endpoints.values())
        rows = [endpoint.summary() for endpoint in endpoints]
        return ActionResult(LISTING.answer(rows, self.asked))

    def delete_endpoint(self) -> ActionResult:
        self._endpoint().begin_deletion(self.now)
        return EmptyResult()

    def _endpoint(self) -> Endpoint:
        name = self.asked["EndpointName"]
        endpoints = self.sagemaker_backend.endpoints
        if name not in endpoints:
            arn = Endpoint.arn_formatter(name, self.current_account, self.region)
            raise ValidationError(f'Could not find endpoint "{arn}".')
        return endpoints[name]


def install(world: World) -> None:
    """Give endpoints a life."""
    Endpoints.world = Endpoint.world = world
    models.FakeEndpoint = Endpoint
    serve(Endpoints)
