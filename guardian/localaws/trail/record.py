"""The record that CloudTrail makes of an API call."""

import uuid
from typing import Any

from guardian.localaws.clock import iso
from guardian.localaws.trail import elements
from guardian.localaws.trail.calls import Call
from guardian.localaws.trail.identity import user_identity

Record = dict[str, Any]
VERSION = "1.11"


def record_of(call: Call) -> Record:
    """A management event, as it is found in the `detail` of an EventBridge event."""
    result = call.result()
    error = result.get("Error") if call.status >= 300 else None  # noqa: PLR2004 - HTTP
    service = call.operation.service_model
    request_id = call.headers.get("x-amzn-requestid") or str(uuid.uuid4())
    record = {
        "eventVersion": VERSION,
        "userIdentity": user_identity(call.account, call.region, call.access_key),
        "eventTime": iso(call.at, timespec="seconds"),
        "eventSource": f"{service.signing_name}.amazonaws.com",
        "eventName": call.action,
        "awsRegion": call.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": call.request["headers"].get("User-Agent", ""),
        "requestParameters": _request(call),
        "responseElements": None if error else _response(call, result, request_id),
        "requestID": request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account,
        "eventCategory": "Management",
    }
    return record | (
        {"errorCode": _code(call, error["Code"]), "errorMessage": error["Message"]}
        if error
        else {}
    )


def event_source(record: Record) -> str:
    """The `source` of the record's event: `aws.glue` for `glue.amazonaws.com`."""
    return "aws." + str(record["eventSource"]).removesuffix(".amazonaws.com")


def _code(call: Call, code: str) -> str:
    """The error as CloudTrail has it: EC2's say whose fault it was."""
    if call.protocol != "ec2":
        return code
    return f"{'Server' if call.status >= 500 else 'Client'}.{code}"  # noqa: PLR2004 - HTTP


def _request(call: Call) -> elements.Elements:
    shape = call.operation.input_shape
    if call.protocol == "ec2":
        return elements.ec2_request(call.action, call.parameters(), shape)
    return elements.elements(call.parameters(), shape)


def _response(call: Call, result: Any, request_id: str) -> elements.Elements:
    shape = call.operation.output_shape
    if call.protocol == "ec2":
        return elements.ec2_response(result, shape, request_id)
    return elements.elements(result, shape)
