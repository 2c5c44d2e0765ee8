"""SageMaker: notebook instances, and the tags of all that it has here. Apps are in `studio`."""

from collections.abc import Callable, Mapping

from benchmarks.backend.call import Answer, Call, Handler, among, pairs
from benchmarks.backend.estate import Stage, Thing
from benchmarks.backend.failures import Failure, invalid
from benchmarks.backend.services import studio

KIND = "sagemaker-notebook"
STATUS = {Stage.LIVE: "InService", Stage.ENDING: "Stopping", Stage.OVER: "Stopped"}
PAGE = 10  # as ListApps documents; for notebooks no default is documented
FILTERS = (
    "NextToken",
    "MaxResults",
    "SortBy",
    "SortOrder",
    "NameContains",
    "StatusEquals",
    "CreationTimeBefore",
    "CreationTimeAfter",
    "LastModifiedTimeBefore",
    "LastModifiedTimeAfter",
)
EVER = 1e12


def list_notebook_instances(call: Call) -> Answer:
    call.takes(*FILTERS)
    size = call.number("MaxResults", PAGE, range(1, 101))
    page, more = call.page(_sorted(call), _wanted(call), size)
    return {"NotebookInstances": [_summary(call, thing) for thing in page], **more}


def _sorted(call: Call) -> list[Thing]:
    keys: Mapping[str, Callable[[Thing], float | str]] = {
        "Name": lambda thing: thing.name,
        "CreationTime": call.estate.started,
        "Status": lambda thing: STATUS[call.stage(thing)],
    }
    by, order = call.text_or("SortBy", "Name"), call.text_or("SortOrder", "Ascending")
    if by not in keys or order not in {"Ascending", "Descending"}:
        raise invalid(f"cannot sort by {by}, {order}")
    found = call.estate.things(KIND, call.place)
    return sorted(found, key=keys[by], reverse=order == "Descending")


def _wanted(call: Call) -> Callable[[Thing], bool]:
    contains = call.text_or("NameContains")
    status = among([call.text("StatusEquals")] if "StatusEquals" in call.arguments else [])
    created = _between(call, "CreationTime")
    changed = _between(call, "LastModifiedTime")

    def wanted(thing: Thing) -> bool:
        return (
            contains in thing.name
            and status(STATUS[call.stage(thing)])
            and created(call.estate.started(thing))
            and changed(call.estate.changed(thing))
        )

    return wanted


def _between(call: Call, name: str) -> Callable[[float], bool]:
    after, before = call.moment(f"{name}After", 0.0), call.moment(f"{name}Before", EVER)
    return lambda moment: after <= moment <= before


def _summary(call: Call, thing: Thing) -> Answer:
    return {
        "NotebookInstanceName": thing.name,
        "NotebookInstanceArn": _arn(thing),
        "NotebookInstanceStatus": STATUS[call.stage(thing)],
        "InstanceType": "ml.t3.medium",
        "CreationTime": call.estate.started(thing),
        "LastModifiedTime": call.estate.changed(thing),
    }


def _arn(thing: Thing) -> str:
    place = thing.place
    return f"arn:aws:sagemaker:{place.region}:{place.account}:notebook-instance/{thing.name}"


def describe_notebook_instance(call: Call) -> Answer:
    thing = _notebook(call)
    role = f"arn:aws:iam::{thing.place.account}:role/notebooks"
    return {**_summary(call, thing), "RoleArn": role, "VolumeSizeInGB": 5}


def stop_notebook_instance(call: Call) -> Answer:
    thing = _notebook(call)
    status = STATUS[call.stage(thing)]
    if not call.stop(thing):
        raise invalid(
            f"Status ({status}) not in ([InService]). "
            f"Unable to transition to (Stopping) for Notebook Instance ({_arn(thing)})"
        )
    return {}


def _notebook(call: Call) -> Thing:
    call.takes("NotebookInstanceName")
    thing = call.estate.find(KIND, call.place, call.text("NotebookInstanceName"))
    if thing is None:
        raise invalid("RecordNotFound")
    return thing


def list_tags(call: Call) -> Answer:
    call.takes("ResourceArn", "NextToken", "MaxResults")
    call.number("MaxResults", 50, range(50, 101))
    thing = _of_arn(call, call.text("ResourceArn"))
    page, more = call.page(pairs(call.estate.tags(thing)), lambda _: True, 50)
    return {"Tags": page, **more}


def _of_arn(call: Call, arn: str) -> Thing:
    """Raises Failure for what is in another account or region, or is not there."""
    place = call.place
    prefix = f"arn:aws:sagemaker:{place.region}:{place.account}:"
    if not arn.startswith(prefix):
        raise Failure(
            "AccessDeniedException", f"not authorized to perform sagemaker:ListTags on {arn}"
        )
    kind, _, name = arn.removeprefix(prefix).partition("/")
    notebook = kind == "notebook-instance"
    found = call.estate.find(KIND, place, name) if notebook else studio.of_arn(call, arn)
    if found is None:
        raise invalid("RecordNotFound")
    return found


CALLS: Mapping[str, Handler] = {
    "ListNotebookInstances": list_notebook_instances,
    "DescribeNotebookInstance": describe_notebook_instance,
    "StopNotebookInstance": stop_notebook_instance,
    "ListTags": list_tags,
    **studio.CALLS,
}
