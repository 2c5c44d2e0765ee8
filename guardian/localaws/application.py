"""The WSGI application: local AWS's own paths, faults, a log of calls, and moto behind them."""

import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.backends import list_of_moto_modules
from moto.core.exceptions import ServiceException
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Request, Response

from guardian.localaws.bridges.accounts import account_of, is_forgotten, principal_of
from guardian.localaws.calls import Call, CallLog, identify
from guardian.localaws.clock import iso
from guardian.localaws.failures import failure
from guardian.localaws.faults import Fault, Faults
from guardian.localaws.world import Handler, Service, World


class Application:
    """Answers every request; what no bridge and no moto can do is an error, never a success."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._faults = Faults()
        self._calls = CallLog()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._moto.get_backend_for_host = cache(self._moto.get_backend_for_host)  # else each time
        self._is_served = cache(self._knows)
        self._routes: dict[tuple[str, str], Handler] = {
            ("POST", "/localaws/faults"): self._faults.add,
            ("GET", "/localaws/faults"): lambda _: self._faults.report(),
            ("DELETE", "/localaws/faults"): lambda _: self._faults.clear(),
            ("GET", "/localaws/calls"): lambda _: self._calls.report(),
            ("DELETE", "/localaws/calls"): lambda _: self._calls.clear(),
            ("GET", "/localaws/clock"): lambda _: self._clock(),
            **{("POST", path): handler for path, handler in world.handlers.items()},
        }
        world.on_reset(self._faults.clear)
        world.on_reset(self._calls.clear)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: dict[str, Any]) -> Response:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if route := self._routes.get((method, path)):
            return _own(route, environ)
        if (method, path) == ("POST", "/moto-api/reset"):
            self._world.reset()
        call = identify(environ)
        if call is None:
            return Response.from_app(self._moto, environ)
        if is_forgotten(call.access_key):
            message = "The security token included in the request is invalid."
            return failure(call, _unknown_key(call), message, HTTPStatus.FORBIDDEN)
        account = account_of(call.access_key)
        self._calls.add(call, account, principal_of(call.access_key))
        fault = self._faults.take(call, account)
        return self._met(fault, call, environ) if fault else self._serve(call, environ)

    def _met(self, fault: Fault, call: Call, environ: dict[str, Any]) -> Response:
        time.sleep(fault.delay_seconds)
        if not fault.error:
            return self._serve(call, environ)
        if fault.lost:
            self._serve(call, environ)
        return failure(call, fault.error, fault.message, fault.status)

    def _serve(self, call: Call, environ: dict[str, Any]) -> Response:
        try:
            if own := self._world.services.get(call.service):
                return _served(own, call, environ)
            host = self._moto.infer_service_region_host(environ, environ["PATH_INFO"])
            if not self._is_served(host):
                return _not_implemented(call)
            answer = Response.from_app(self._moto, environ, buffered=True)
        except NotImplementedError:
            return _not_implemented(call)
        except Exception as error:  # noqa: BLE001 - the outermost handler of the server
            traceback.print_exc(file=sys.stderr)
            return failure(call, "InternalFailure", f"{type(error).__name__}: {error}", 500)
        # A page of HTML comes from moto's router: it knows no such path.
        if answer.status_code == HTTPStatus.NOT_FOUND and answer.mimetype == "text/html":
            return _not_implemented(call)
        return answer

    def _knows(self, host: str) -> bool:
        """Whether moto has the service; asked like this moto does not print that it has not."""
        patterns = self._moto.backend_url_patterns
        return host in list_of_moto_modules() or any(
            pattern.match(f"http://{host}") for _, pattern in patterns
        )

    def _clock(self) -> dict[str, Any]:
        clock = self._world.clock
        return {
            "now": iso(clock.now()),
            "timestamp": clock.timestamp(),
            "origin": clock.origin,
            "scale": clock.scale,
        }


def _served(service: Service, call: Call, environ: dict[str, Any]) -> Response:
    """What a service of our own answers."""
    try:
        asked = json.loads(Request(environ).get_data() or b"{}")
        answer = service(call.operation, call.region, asked)
    except ServiceException as error:
        return failure(call, error.code, error.message)
    return Response(json.dumps(answer), content_type="application/x-amz-json-1.1")


def _own(route: Handler, environ: dict[str, Any]) -> Response:
    try:
        answer, status = route(json.loads(Request(environ).get_data() or b"null")), HTTPStatus.OK
    except (ValueError, UnknownServiceError) as error:
        answer, status = {"error": str(error)}, HTTPStatus.BAD_REQUEST
    return Response(json.dumps(answer), status, content_type="application/json")


def _not_implemented(call: Call) -> Response:
    message = f"Local AWS does not implement {call.service}:{call.operation}."
    return failure(call, "NotImplemented", message, HTTPStatus.NOT_IMPLEMENTED)


def _unknown_key(call: Call) -> str:
    return "InvalidClientTokenId" if call.protocol == "query" else "UnrecognizedClientException"
