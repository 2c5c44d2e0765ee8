"""What local AWS can be told beside the APIs of AWS: JSON posted to a path under /localaws."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug import Request, Response

Handler = Callable[[Any], Any]


def mount(path: str, handler: Handler) -> None:
    """Answer `POST path` with what `handler` makes of the decoded JSON; its ValueError is a 400."""
    stock = DomainDispatcherApplication.__call__

    def call(application: Any, environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != path:
            return stock(application, environ, start_response)
        return _answer(Request(environ), handler)(environ, start_response)

    DomainDispatcherApplication.__call__ = call


def _answer(request: Request, handler: Handler) -> Response:
    if request.method != "POST":
        return _json(405, {"error": "only POST"})
    try:
        return _json(200, handler(json.loads(request.get_data())))
    except ValueError as error:
        return _json(400, {"error": str(error)})


def _json(status: int, body: Any) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
