"""Answers Slack's Web API, uploads and the page on loopback."""

import json
import logging
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from threading import Thread
from typing import Any
from urllib.parse import urlencode

from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.serving import make_server
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from guardian.localslack.api import METHODS, answer
from guardian.localslack.faults import SERVER_ERROR, TOO_MANY, Fault, Faults
from guardian.localslack.methods import Call, SlackError
from guardian.localslack.page import POLICY, SOMEBODY, render_page
from guardian.localslack.people import NoSuch, commanded, pressed
from guardian.localslack.render import picture_type
from guardian.localslack.socket import SocketMode
from guardian.localslack.views import channel_view, file_view, message_view
from guardian.localslack.workspace import DEFAULT_CHANNELS, DEFAULT_GROUPS, Workspace

HOST = "127.0.0.1"
BOT_TOKEN = "xoxb-"  # noqa: S105 - how a bot token begins: any such token is good
APP_TOKEN = "xapp-"  # noqa: S105 - how an app's own begins: the one that opens a socket
CONNECT = "apps.connections.open"
NOBODY_LISTENS = "The app did not answer: it is not connected, or slow."
REFRESH_SECONDS = 5
STOPS_WITHIN = 0.02  # seconds


class LocalSlack:
    """A running local Slack: a workspace and the server in front of it."""

    def __init__(
        self,
        port: int = 0,
        channels: Iterable[str] = DEFAULT_CHANNELS,
        groups: Mapping[str, Iterable[str]] = DEFAULT_GROUPS,
    ) -> None:
        """Take `port` (0: any free one). Raises OSError when it is taken."""
        self.workspace = Workspace(channels, groups)
        self.sockets = SocketMode()
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
        self.sockets.disconnect()
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
        person, said = request.args.get("as") or SOMEBODY, request.args.get("said", "")
        html = render_page(self.workspace, REFRESH_SECONDS, person, said, self._again(request))
        headers = {"Content-Security-Policy": POLICY}
        return Response(html, mimetype="text/html", headers=headers)

    def _again(self, request: Request) -> str:
        """The address of the page, another one each time: a browser does not load anew what only ends in `#…`."""
        channel = request.args.get("in", "")
        if channel not in self.workspace.channels:
            return ""
        told = {"as": request.args.get("as", SOMEBODY), "in": channel}
        return f"/?{urlencode({**told, 'at': self.workspace.new_ts()})}#{channel}"

    def _call(self, method: str, request: Request) -> Response:
        fault = self.faults.take(method)
        if fault is not None and fault.error is None:
            return _failure(fault)
        if method not in METHODS and method != CONNECT:
            return _json(SlackError("unknown_method", req_method=method).answer)
        try:
            params = _params(request)
            _authenticate(request, params, APP_TOKEN if method == CONNECT else BOT_TOKEN)
            if fault is None and method == CONNECT:
                return _json({"ok": True, "url": self._socket_url()})
            if fault is None:
                call = Call(self.workspace, self.page, params)
                with self.workspace.lock:
                    response = _json({"ok": True, **answer(method, call)})
                response.headers["X-OAuth-Scopes"] = ",".join(sorted(self.workspace.scopes))
                return response
        except SlackError as error:
            return _json(error.answer)
        return _json(SlackError(str(fault.error)).answer)

    def _own(self, path: str, request: Request) -> Response:
        """What Slack has not, or has elsewhere: uploads, files, faults, and everything at once."""
        head, _, rest = path.partition("/")
        routes: Mapping[tuple[str, str], Callable[[], Response]] = {
            ("POST", "upload"): lambda: self._upload(rest, request.get_data()),
            ("GET", "files"): lambda: self._download(rest.partition("/")[0]),
            ("GET", "messages"): lambda: _json(self._everything()),
            ("GET", "envelopes"): lambda: _json(self._delivered()),
            ("GET", "socket"): lambda: self._connect(request),
            ("POST", "socket"): lambda: self._disturb(request),
            ("POST", "press"): lambda: self._act(head, request),
            ("POST", "command"): lambda: self._act(head, request),
            ("POST", "faults"): lambda: self._add_fault(request),
            ("DELETE", "faults"): self._forget_faults,
        }
        route = routes.get((request.method, head))
        if route is None:
            raise NotFound
        return route()

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

    def _socket_url(self) -> str:
        return f"ws://{HOST}:{self._server.port}/localslack/socket?ticket={self.sockets.ticket()}"

    def _connect(self, request: Request) -> Response:
        """Be a WebSocket until it is closed."""
        if not self.sockets.serve(request.environ, request.args.get("ticket", "")):
            raise NotFound
        raise ConnectionError  # nothing is to be answered any more: werkzeug passes over it

    def _disturb(self, request: Request) -> Response:
        """What can go wrong with a socket: twice delivered, lost, delivered again."""
        try:
            asked = json.loads(request.get_data())
            self.sockets.duplicates += int(asked.get("duplicates", 0))
            self.sockets.losing = bool(asked.get("losing", False))
        except (ValueError, TypeError, AttributeError) as error:
            raise BadRequest(str(error)) from error
        if asked.get("disconnect"):
            self.sockets.disconnect()
        done = "redeliver" not in asked or self.sockets.redeliver(str(asked["redeliver"]))
        return _json({"ok": done})

    def _act(self, what: str, request: Request) -> Response:
        """Somebody pressed a button of the page, or typed a command."""
        if request.headers.get("Origin", self.page[:-1]) != self.page[:-1]:
            raise BadRequest("only this page presses its buttons")
        asked = request.form.to_dict()
        try:
            with self.workspace.lock:
                press = what == "press"
                payload = (
                    pressed(self.workspace, asked, self.page)
                    if press
                    else commanded(self.workspace, asked)
                )
        except NoSuch as error:
            raise BadRequest(str(error)) from error
        envelope = self.sockets.deliver("interactive" if press else "slash_commands", payload)
        said = "" if envelope and envelope.ack is not None else NOBODY_LISTENS
        channel = asked.get("channel", "")
        where = {"as": asked.get("as", ""), "in": channel}
        query = urlencode({**where, **({"said": said} if said else {})})
        return redirect(f"/?{query}#{channel}", HTTPStatus.SEE_OTHER)

    def _everything(self) -> dict[str, Any]:
        files = self.workspace.files.values()
        return {
            "channels": [channel_view(found) for found in self.workspace.channels.values()],
            "messages": self.messages(),
            "files": [file_view(file, self.page) for file in files if file.content is not None],
        }

    def _delivered(self) -> dict[str, Any]:
        found = [envelope.as_json() for envelope in self.sockets.envelopes]
        return {"connections": self.sockets.connections, "envelopes": found}

    def _forget_faults(self) -> Response:
        self.faults.clear()
        return _json({"ok": True})

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


def _authenticate(request: Request, params: Mapping[str, Any], wanted: str) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    token = given if scheme.lower() == "bearer" else str(params.get("token", ""))
    if not token:
        raise SlackError("not_authed")
    if not token.startswith(wanted):
        known = token.startswith((BOT_TOKEN, APP_TOKEN))
        raise SlackError("not_allowed_token_type" if known else "invalid_auth")


def _failure(fault: Fault) -> Response:
    if fault.retry_after is None:
        return Response("Internal error", status=fault.status or SERVER_ERROR)
    response = _json({"ok": False, "error": "ratelimited"})
    response.status_code = TOO_MANY
    response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _json(answer: Mapping[str, Any]) -> Response:
    return Response(json.dumps(answer), mimetype="application/json")
