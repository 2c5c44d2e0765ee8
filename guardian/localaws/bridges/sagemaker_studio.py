"""SageMaker Studio: domains, user profiles and spaces, and the apps that come and go."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from uuid import uuid4

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker import models
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.models import Domain, SageMakerModelBackend
from moto.sagemaker.utils import arn_formatter

from guardian.localaws.sagemaker.listing import Key, Row, page, sortable
from guardian.localaws.sagemaker.part import Part, serve
from guardian.localaws.sagemaker.studio import App, AppOwner, Studio, app_key
from guardian.localaws.world import World

ARN_TYPES = {"UserProfile": "user-profile", "Space": "space"}


class StudioDomain(Domain):
    """moto's domain, with an id and an address of the form that AWS gives."""

    def __init__(self, **request: Any) -> None:
        super().__init__(**request | {"tags": request["tags"] or []})
        self.id = f"d-{uuid4().hex[:12]}"
        self.arn = arn_formatter("domain", self.id, self.account_id, self.region_name)
        self.url = f"https://{self.id}.studio.{self.region_name}.sagemaker.aws"


class StudioCalls(Part):
    """Answers the calls about Studio; what domains are is moto's."""

    studios: ClassVar[dict[tuple[str, str], Studio]]

    @property
    def studio(self) -> Studio:
        studio = self.studios[self.current_account, self.region]
        studio.forget(self.now)
        return studio

    def create_domain(self) -> ActionResult:
        name = self.asked["DomainName"]
        domains = list(self.sagemaker_backend.domains.values())
        if any(domain.domain_name == name for domain in domains):
            raise ResourceInUseException(f"Domain with name [{name}] already exists.")
        created = super().create_domain().result
        return ActionResult({**created, "DomainId": created["DomainArn"].rpartition("/")[2]})

    def describe_domain(self) -> ActionResult:
        self._require_domain()
        return super().describe_domain()

    def list_domains(self) -> ActionResult:
        rows = [domain.summary() for domain in list(self.sagemaker_backend.domains.values())]
        return self._listed("Domains", rows, ("DomainId",))

    def delete_domain(self) -> ActionResult:
        self._require_domain()
        domain_id = self.asked["DomainId"]
        owners = list(self.studio.owners.values())
        if any(owner.request["DomainId"] == domain_id for owner in owners):
            raise ResourceInUseException(
                f"Unable to delete Domain [{domain_id}] because UserProfile(s) or Space(s) "
                "are associated with it."
            )
        return super().delete_domain()

    def create_user_profile(self) -> ActionResult:
        return self._create_owner("UserProfile")

    def describe_user_profile(self) -> ActionResult:
        return ActionResult(self._owner("UserProfile").describe())

    def list_user_profiles(self) -> ActionResult:
        return self._list_owners("UserProfile")

    def delete_user_profile(self) -> ActionResult:
        return self._delete_owner("UserProfile")

    def create_space(self) -> ActionResult:
        asked = self.asked
        if ("OwnershipSettings" in asked) != ("SpaceSharingSettings" in asked):
            raise ValidationError(
                "OwnershipSettings and SpaceSharingSettings must be specified together."
            )
        if "OwnershipSettings" in asked:
            owner = asked["OwnershipSettings"]["OwnerUserProfileName"]
            if ("UserProfile", asked["DomainId"], owner) not in self.studio.owners:
                raise ValidationError(f"UserProfile [{owner}] does not exist.")
        return self._create_owner("Space")

    def describe_space(self) -> ActionResult:
        return ActionResult(self._owner("Space").describe())

    def list_spaces(self) -> ActionResult:
        return self._list_owners("Space")

    def delete_space(self) -> ActionResult:
        return self._delete_owner("Space")

    def create_app(self) -> ActionResult:
        asked, now = self.asked, self.now
        kind, domain_id, owner, app_type, name = app_key(asked)
        if (kind, domain_id, owner) not in self.studio.owners:
            raise ValidationError(f"{kind} [{owner}] does not exist in Domain [{domain_id}].")
        # AWS writes the type in lower case here and as it was given everywhere else.
        path = f"{domain_id}/{owner}/{app_type.lower()}/{name}"
        app = App.start(self._arn("app", path), asked, now)
        self.studio.launch(app, now)
        return ActionResult({"AppArn": app.arn})

    def describe_app(self) -> ActionResult:
        return ActionResult(self._app().describe(self.now))

    def delete_app(self) -> ActionResult:
        self._app().delete(self.now)
        return EmptyResult()

    def list_apps(self) -> ActionResult:
        asked, now = self.asked, self.now
        filters = {
            name: asked[f"{name}Equals"]
            for name in ("DomainId", "UserProfileName", "SpaceName")
            if f"{name}Equals" in asked
        }
        if {"UserProfileName", "SpaceName"} <= filters.keys():
            raise ValidationError(
                "UserProfileNameEquals and SpaceNameEquals cannot be specified together."
            )
        apps = [app.summary(now) for app in list(self.studio.apps.values())]
        rows = [app for app in apps if filters.items() <= app.items()]
        columns = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
        return self._listed("Apps", rows, columns)

    def _create_owner(self, kind: str) -> ActionResult:
        asked = self.asked
        domain_id, name = asked["DomainId"], asked[f"{kind}Name"]
        if domain_id not in self.sagemaker_backend.domains:
            raise ValidationError(f"Domain [{domain_id}] does not exist.")
        arn = self._arn(ARN_TYPES[kind], f"{domain_id}/{name}")
        self.studio.own(kind, arn, asked, self.now)
        return ActionResult({f"{kind}Arn": arn})

    def _list_owners(self, kind: str) -> ActionResult:
        asked = self.asked
        rows = [
            owner.summary()
            for owner in list(self.studio.owners.values())
            if owner.kind == kind
            and asked.get("DomainIdEquals") in (None, owner.request["DomainId"])
            and asked.get(f"{kind}NameContains", "") in owner.request[f"{kind}Name"]
        ]
        return self._listed(f"{kind}s", rows, ("DomainId", f"{kind}Name"))

    def _delete_owner(self, kind: str) -> ActionResult:
        self.studio.disown(self._owner(kind), self.now)
        return EmptyResult()

    def _owner(self, kind: str) -> AppOwner:
        name = self.asked[f"{kind}Name"]
        key = kind, self.asked["DomainId"], name
        if key not in self.studio.owners:
            raise ResourceNotFound(f"{kind} [{name}] does not exist.")
        return self.studio.owners[key]

    def _app(self) -> App:
        key = app_key(self.asked)
        if key not in self.studio.apps:
            raise ResourceNotFound(f"App [{'/'.join(key[1:])}] does not exist.")
        return self.studio.apps[key]

    def _require_domain(self) -> None:
        domain_id = self.asked["DomainId"]
        if domain_id not in self.sagemaker_backend.domains:
            raise ResourceNotFound(f"Domain [{domain_id}] does not exist.")

    def _listed(self, member: str, rows: list[Any], names: tuple[str, ...]) -> ActionResult:
        """A page of `rows` in the order asked for; `names` tell rows of one moment apart."""
        asked = self.asked

        def key(row: Row) -> Key:
            moment = row[asked.get("SortBy", "CreationTime")]
            return sortable(moment), *(row.get(name, "") for name in names)

        shown, more = page(rows, key, asked)
        return ActionResult({member: shown, **more})

    def _arn(self, kind: str, path: str) -> str:
        return arn_formatter(kind, path, self.current_account, self.region)


def install(world: World) -> None:
    """Answer for Studio, and let its resources have tags."""
    studios: dict[tuple[str, str], Studio] = defaultdict(Studio)
    world.on_reset(studios.clear)
    StudioCalls.world, StudioCalls.studios = world, studios
    models.Domain = StudioDomain

    def tagged(backend: SageMakerModelBackend) -> Iterator[AppOwner | App]:
        studio = studios[backend.account_id, backend.region_name]
        return studio.tagged(world.clock.now())

    SageMakerModelBackend._get_resource_from_arn = _resource_of(
        SageMakerModelBackend._get_resource_from_arn, tagged
    )
    SageMakerModelBackend.iter_tagged_resources = _tagged_resources(
        SageMakerModelBackend.iter_tagged_resources, tagged
    )
    serve(StudioCalls)


Tagged = Callable[[SageMakerModelBackend], Iterator[AppOwner | App]]


def _resource_of(
    original: Callable[[SageMakerModelBackend, str], Any], tagged: Tagged
) -> Callable[[SageMakerModelBackend, str], Any]:
    def find(backend: SageMakerModelBackend, arn: str) -> Any:
        if not any(f":{kind}/" in arn for kind in ("app", *ARN_TYPES.values())):
            return original(backend, arn)
        for resource in tagged(backend):
            if resource.arn == arn:
                return resource
        raise ValidationError("RecordNotFound")

    return find


def _tagged_resources(
    original: Callable[[SageMakerModelBackend], Iterator[TaggedResource]], tagged: Tagged
) -> Callable[[SageMakerModelBackend], Iterator[TaggedResource]]:
    def found(backend: SageMakerModelBackend) -> Iterator[TaggedResource]:
        yield from original(backend)
        for resource in tagged(backend):
            kind = ARN_TYPES[resource.kind] if isinstance(resource, AppOwner) else "app"
            tags = {tag["Key"]: tag["Value"] for tag in resource.tags}
            yield TaggedResource(resource.arn, tags, f"sagemaker:{kind}")

    return found
