"""SageMaker Studio: JupyterLab apps, each in a space of its own."""

from collections.abc import Mapping

from benchmarks.backend.call import Answer, Call, Handler
from benchmarks.backend.estate import Stage, Thing
from benchmarks.backend.failures import Failure, invalid

KIND = "sagemaker-app"
STATUS = {Stage.LIVE: "InService", Stage.ENDING: "Deleting", Stage.OVER: "Deleted"}
DOMAIN, TYPE, NAME = "d-benchmark000", "JupyterLab", "default"
PAGE = 10


def list_apps(call: Call) -> Answer:
    filters = ("DomainIdEquals", "UserProfileNameEquals", "SpaceNameEquals")
    call.takes("NextToken", "MaxResults", *filters)
    size = call.number("MaxResults", PAGE, range(1, 101))
    domain, profile, space = (call.text_or(name) for name in filters)

    def wanted(thing: Thing) -> bool:
        return domain in {"", DOMAIN} and not profile and space in {"", thing.name}

    page, more = call.page(call.estate.things(KIND, call.place), wanted, size)
    return {"Apps": [_summary(call, thing) for thing in page], **more}


def _summary(call: Call, thing: Thing) -> dict[str, object]:
    return {
        "DomainId": DOMAIN,
        "SpaceName": thing.name,
        "AppType": TYPE,
        "AppName": NAME,
        "Status": STATUS[call.stage(thing)],
        "CreationTime": call.estate.started(thing),
        "ResourceSpec": {"InstanceType": "ml.t3.medium"},
    }


def _arn(thing: Thing) -> str:
    place = thing.place
    app = f"{DOMAIN}/{thing.name}/{TYPE.lower()}/{NAME}"
    return f"arn:aws:sagemaker:{place.region}:{place.account}:app/{app}"


def of_arn(call: Call, arn: str) -> Thing | None:
    """The app that an ARN of the caller's place names; a deleted one has no tags any more."""
    things = call.estate.things(KIND, call.place)
    return next((t for t in things if _arn(t) == arn and call.stage(t) is not Stage.OVER), None)


def describe_app(call: Call) -> Answer:
    thing = _app(call)
    return {**_summary(call, thing), "AppArn": _arn(thing)}


def delete_app(call: Call) -> Answer:
    thing = _app(call)
    before = call.stage(thing)
    if not call.stop(thing):
        if before is Stage.ENDING:
            raise Failure("ResourceInUse", f"App {_arn(thing)} is being deleted")
        raise invalid(f"App {_arn(thing)} has already been deleted")
    return {}


def _app(call: Call) -> Thing:
    call.takes("DomainId", "SpaceName", "AppType", "AppName")
    given = tuple(call.text(name) for name in ("DomainId", "AppType", "AppName"))
    thing = call.estate.find(KIND, call.place, call.text("SpaceName"))
    if thing is None or given != (DOMAIN, TYPE, NAME):
        raise Failure("ResourceNotFound", "App does not exist.")
    return thing


def describe_space(call: Call) -> Answer:
    call.takes("DomainId", "SpaceName")
    thing = call.estate.find(KIND, call.place, call.text("SpaceName"))
    if thing is None or call.text("DomainId") != DOMAIN:
        raise Failure("ResourceNotFound", "Space does not exist.")
    return {
        "DomainId": DOMAIN,
        "SpaceName": thing.name,
        "Status": "InService",
        "OwnershipSettings": {"OwnerUserProfileName": "ana"},
        "SpaceSharingSettings": {"SharingType": "Private"},
    }


CALLS: Mapping[str, Handler] = {
    "ListApps": list_apps,
    "DescribeApp": describe_app,
    "DeleteApp": delete_app,
    "DescribeSpace": describe_space,
}
