"""Errors as each protocol of AWS writes them, so that every SDK understands them."""

import json
import uuid
from xml.sax.saxutils import escape

from werkzeug import Response

from guardian.localaws.calls import Call

REST_XML = (
    "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{id}</RequestId></Error>"
)
QUERY = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
    "</Error><RequestId>{id}</RequestId></ErrorResponse>"
)
EC2 = (
    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
    "<RequestID>{id}</RequestID></Response>"
)
XML = {"rest-xml": REST_XML, "query": QUERY, "ec2": EC2}


def failure(call: Call, code: str, message: str, status: int = 400) -> Response:
    """The error `code` in the protocol of `call`."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    if call.protocol in XML:
        body = XML[call.protocol].format(code=escape(code), message=escape(message), id=request_id)
        return Response(body, status, headers, content_type="text/xml")
    headers["x-amzn-ErrorType"] = code
    if call.protocol == "cbor":
        headers["smithy-protocol"] = "rpc-v2-cbor"
        cbor = _cbor({"__type": code, "message": message})
        return Response(cbor, status, headers, content_type="application/cbor")
    headers["x-amzn-query-error"] = f"{code};Sender"
    text = json.dumps({"__type": code, "message": message})
    return Response(text, status, headers, content_type="application/x-amz-json-1.1")


def _cbor(texts: dict[str, str]) -> bytes:
    """Encode a map of a few texts."""
    parts = [bytes([0xA0 + len(texts)])]
    for text in (part for pair in texts.items() for part in pair):
        encoded = text.encode()
        parts += [b"\x7a", len(encoded).to_bytes(4, "big"), encoded]
    return b"".join(parts)
