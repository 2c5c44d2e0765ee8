"""Answers Slack's Web API, uploads and the page on loopback."""

import json
import logging
import socket
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from threading import Thread
from typing import Any

from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from guardian.localslack.faults import SERVER_ERROR, TOO_MANY, Fault, Faults
from guardian.localslack.methods import METHODS, Call, SlackError
from guardian.localslack.page import POLICY, render_page
from guardian.localslack.render import picture_type
from guardian.localslack.views import channel_view, file_view, message_view
from guardian.localslack.workspace import DEFAULT_CHANNELS, Workspace

HOST = "127.0.0.1"
BOT_TOKEN = "xoxb-"  # noqa: S105 - how a bot token begins: any such token is good
REFRESH_SECONDS = 5
STOPS_WITHIN = 0.02  # seconds


class LocalSlack:
    """A running local Slack: a workspace and the server in front of it."""

    def __init__(self, port: int = 0, channels: Iterable[str] = DEFAULT_CHANNELS) -> None:
        """Take `port` (0: any free one). Raises OSError when it is taken."""
        self.workspace = Workspace(channels)
        self.faults = Faults()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        # A socket of our own: where the port is taken, werkzeug would end the process.
        with socket.create_server((HOST, port)) as listener:
            self._server = make_server(
                HOST, port, self._application, threaded=True, fd=listener.fileno()
            )

    @property
    def page(self) -> str:
        """Where people look at it."""
        return f"http://{HOST}:{self._server.port}/"

    @property
    def endpoint(self) -> str:
        """The `base_url` of a Slack client."""
        return f"{self.page}api/"

    def start(self) -> None:
        """Answer requests in a background thread."""
        serve = partial(self._server.serve_forever, poll_interval=STOPS_WITHIN)
        Thread(target=serve, name="local-slack", daemon=True).start()

    def stop(self) -> None:
        """Answer no more requests and give the port back."""
        self._server.shutdown()
        self._server.server_close()

    def render_page(self) -> str:
        """The page as one file that can be kept: pictures are inside of it."""
        return render_page(self.workspace)

    def messages(self) -> list[dict[str, Any]]:
        """Every message with its metadata and its channel's name, oldest first."""
        with self.workspace.lock:
            found = [
                message_view(self.workspace, channel, message, self.page, metadata=True)
                | {"channel": channel.id, "channel_name": channel.name}
                for channel in self.workspace.channels.values()
                for message in channel.messages.values()
            ]
        return sorted(found, key=lambda message: message["ts"])

    def _application(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self._answer(request)
        except HTTPException as error:
            response = error.get_response(environ)
        body: Iterable[bytes] = response(environ, start_response)
        return body

    def _answer(self, request: Request) -> Response:
        head, _, rest = request.path.lstrip("/").partition("/")
        if head == "api":
            return self._call(rest, request)
        if head == "localslack":
            return self._own(rest, request)
        if head:
            raise NotFound
        html = render_page(self.workspace, REFRESH_SECONDS)
        headers = {"Content-Security-Policy": POLICY}
        return Response(html, mimetype="text/html", headers=headers)

    def _call(self, method: str, request: Request) -> Response:
        fault = self.faults.take(method)
        if fault is not None and fault.error is None:
            return _failure(fault)
        if method not in METHODS:
            return _json(SlackError("unknown_method", req_method=method).answer)
        try:
            params = _params(request)
            _authenticate(request, params)
            if fault is None:
                call = Call(self.workspace, self.page, params)
                with self.workspace.lock:
                    return _json({"ok": True, **METHODS[method](call)})
        except SlackError as error:
            return _json(error.answer)
        return _json(SlackError(str(fault.error)).answer)

    def _own(self, path: str, request: Request) -> Response:
        """What Slack has not, or has elsewhere: uploads, files, faults, and everything at once."""
        head, _, rest = path.partition("/")
        match request.method, head:
            case "POST", "upload":
                return self._upload(rest, request.get_data())
            case "GET", "files":
                return self._download(rest.partition("/")[0])
            case "GET", "messages":
                return _json(self._everything())
            case "POST", "faults":
                return self._add_fault(request)
            case "DELETE", "faults":
                self.faults.clear()
                return _json({"ok": True})
            case _:
                raise NotFound

    def _upload(self, file_id: str, content: bytes) -> Response:
        file = self.workspace.files.get(file_id)
        if file is None:
            raise NotFound
        if len(content) != file.length:
            raise BadRequest(f"{file.length} bytes were announced, {len(content)} came")
        self.workspace.files[file_id] = replace(file, content=content)
        return Response(f"OK - {len(content)}", mimetype="text/plain")

    def _download(self, file_id: str) -> Response:
        file = self.workspace.files.get(file_id)
        if file is None or file.content is None:
            raise NotFound
        # Anything but a picture is downloaded, not shown: it may be a page with a script.
        kind = picture_type(file.content)
        response = Response(file.content, mimetype=kind or "application/octet-stream")
        response.headers["X-Content-Type-Options"] = "nosniff"
        if kind is None:
            response.headers["Content-Disposition"] = "attachment"
        return response

    def _everything(self) -> dict[str, Any]:
        files = self.workspace.files.values()
        return {
            "channels": [channel_view(found) for found in self.workspace.channels.values()],
            "messages": self.messages(),
            "files": [file_view(file, self.page) for file in files if file.content is not None],
        }

    def _add_fault(self, request: Request) -> Response:
        try:
            self.faults.add(Fault.parse(json.loads(request.get_data())))
        except (ValueError, TypeError) as error:
            raise BadRequest(str(error)) from error
        return _json({"ok": True})


def _params(request: Request) -> Mapping[str, Any]:
    """The parameters, from wherever a client may put them."""
    if request.mimetype != "application/json":
        form: dict[str, Any] = request.values.to_dict()
        return form
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError as error:
        raise SlackError("invalid_json") from error
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    params: dict[str, Any] = request.args.to_dict() | body
    return params


def _authenticate(request: Request, params: Mapping[str, Any]) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    token = given if scheme.lower() == "bearer" else str(params.get("token", ""))
    if not token:
        raise SlackError("not_authed")
    if not token.startswith(BOT_TOKEN):
        raise SlackError("invalid_auth")


def _failure(fault: Fault) -> Response:
    if fault.retry_after is None:
        return Response("Internal error", status=fault.status or SERVER_ERROR)
    response = _json({"ok": False, "error": "ratelimited"})
    response.status_code = TOO_MANY
    response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _json(answer: Mapping[str, Any]) -> Response:
    return Response(json.dumps(answer), mimetype="application/json")
