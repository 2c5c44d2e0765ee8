"""An API call as moto answered it, and which calls CloudTrail tells EventBridge of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.utils import get_service_model

_READS = re.compile(
    r"(Get|List|Describe|BatchGet|BatchDescribe|Lookup|Search|Query|Scan|Head|Validate|Test|"
    r"Estimate|Check|Simulate|Select|Filter|Decode|Assume|Preview)(?=[A-Z]|$)"
)
# data events: no trail records them unless it is told to
_DATA = re.compile(
    r"Put(Events|PartnerEvents|MetricData|LogEvents|Item|Object|Records?)$|Publish(Batch)?$|"
    r"Invoke|(Send|Receive|Delete)Message|ChangeMessageVisibility|SendTask|"
    r"(Update|Delete)Item$|BatchWriteItem|Transact|(Batch)?ExecuteStatement$|"
    r"(Upload|Delete|Copy)(Objects?|Part)$"
)
_UNRECORDED_SERVICES = {None, "", "moto_api", "sts"}
_GLOBAL_SERVICES = {"iam", "organizations", "cloudfront", "route53", "ce", "budgets"}


@dataclass(frozen=True)
class Call:
    """What was asked of which service by whom, and the HTTP answer."""

    service: str
    action: str
    account: str
    region: str
    access_key: str
    at: datetime
    request: Mapping[str, Any]
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> OperationModel:
        return get_service_model(self.service).operation_model(self.action)

    @property
    def protocol(self) -> str:
        """The protocol of the request: a service may speak several."""
        return determine_request_protocol(
            self.operation.service_model, self.request["headers"].get("Content-Type")
        )

    def parameters(self) -> Mapping[str, Any]:
        """What was asked, by the names of the API's members."""
        return dict(PROTOCOL_PARSERS[self.protocol](self.operation).parse(self.request))

    def result(self) -> Mapping[str, Any]:
        """What was answered, by the names of the API's members; a failure has an `Error`."""
        answer = {
            "body": self.body,
            "headers": HeadersDict(self.headers),
            "status_code": self.status,
        }
        parsed = create_parser(self.protocol).parse(answer, self.operation.output_shape)
        return {name: value for name, value in parsed.items() if name != "ResponseMetadata"}


def is_recorded(service: str | None, action: str | None) -> bool:
    """Whether a call is a management event that changes something."""
    if service in _UNRECORDED_SERVICES or not action:
        return False
    return not _READS.match(action) and not _DATA.match(action)


def capture(handler: Any, answer: tuple[int, Mapping[str, str], Any], now: datetime) -> Call:
    """Keep what the record of a call needs; `handler` is moto's, after it has answered."""
    status, headers, body = answer
    request = handler.normalized_request
    service = handler.boto3_service_name
    return Call(
        service=service,
        action=handler._get_action(),
        account=handler.current_account,
        region="us-east-1" if service in _GLOBAL_SERVICES else handler.region,
        access_key=handler.access_key,
        at=now,
        request={
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": handler.uri_match,
        },
        status=int(status),
        headers={name: str(value) for name, value in headers.items()},
        body=body if isinstance(body, bytes) else str(body or "").encode(),
    )
