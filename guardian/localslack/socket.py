"""Socket Mode: what people press and type, delivered to the app over a WebSocket as Slack does it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from threading import Condition
from typing import Any
from uuid import uuid4

from simple_websocket import ConnectionClosed, Server

from guardian.localslack.workspace import APP_ID

ACK_WITHIN = 3.0  # seconds: what Slack gives an app
LISTEN = 0.2  # seconds between two looks whether a connection is still wanted


@dataclass
class Envelope:
    """Something delivered: how often, and what came back; `ack` is None until the app has said that it has it."""

    id: str
    type: str
    payload: Mapping[str, Any]
    deliveries: int = 0
    ack: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        acked = self.ack is not None
        return {"id": self.id, "type": self.type, "deliveries": self.deliveries, "acked": acked}


@dataclass
class SocketMode:
    """The open connections of the app, and every envelope there was.

    `duplicates` is how often each of the next envelopes is delivered besides; `losing` whether the connection is
    closed right after the next one.
    """

    envelopes: list[Envelope] = field(default_factory=list)
    duplicates: int = 0
    losing: bool = False
    opened: int = 0
    _tickets: set[str] = field(default_factory=set)
    _sockets: list[Server] = field(default_factory=list)
    _changed: Condition = field(default_factory=Condition)

    @property
    def connections(self) -> int:
        with self._changed:
            return len(self._sockets)

    def ticket(self) -> str:
        """What lets a connection in, once."""
        with self._changed:
            ticket = token_hex(8)
            self._tickets.add(ticket)
        return ticket

    def serve(self, environ: dict[str, Any], ticket: str) -> bool:
        """Be a connection until it ends; False where the ticket is not good."""
        with self._changed:
            if ticket not in self._tickets:
                return False
            self._tickets.discard(ticket)
        socket = Server.accept(environ)
        with self._changed:
            self._sockets.append(socket)
            self.opened += 1
            number = len(self._sockets)
            socket.send(json.dumps(_hello(number)))
            self._changed.notify_all()
        try:
            self._listen(socket)
        except ConnectionClosed:
            pass
        finally:
            self._drop(socket)
        return True

    def _listen(self, socket: Server) -> None:
        while socket in self._sockets:
            said = socket.receive(timeout=LISTEN)
            if said is not None:
                self._take(str(said))

    def _take(self, said: str) -> None:
        try:
            ack = json.loads(said)
        except ValueError:  # Slack ignores what it does not understand
            return
        wanted = ack.get("envelope_id") if isinstance(ack, dict) else None
        with self._changed:
            for envelope in self.envelopes:
                if envelope.id == wanted and envelope.ack is None:
                    envelope.ack = ack
            self._changed.notify_all()

    def deliver(self, kind: str, payload: Mapping[str, Any]) -> Envelope | None:
        """Give the app something and wait for its acknowledgement; None where no app is connected."""
        envelope = Envelope(str(uuid4()), kind, payload)
        with self._changed:
            if not self._sockets:
                return None
            self.envelopes.append(envelope)
            socket, copies = self._sockets[-1], 1 + self.duplicates
            self.duplicates, losing, self.losing = 0, self.losing, False
            for _ in range(copies):
                self._send(socket, envelope)
        if losing:
            self.disconnect()
        with self._changed:
            self._changed.wait_for(lambda: envelope.ack is not None, ACK_WITHIN)
        return envelope

    def redeliver(self, envelope_id: str) -> bool:
        """Give the app an envelope once more; False where there is none, or no app is connected."""
        with self._changed:
            found = next((each for each in self.envelopes if each.id == envelope_id), None)
            if found is None or not self._sockets:
                return False
            self._send(self._sockets[-1], found)
            return True

    def _send(self, socket: Server, envelope: Envelope) -> None:
        envelope.deliveries += 1
        message = {
            "envelope_id": envelope.id,
            "type": envelope.type,
            "accepts_response_payload": envelope.type == "slash_commands",
            "payload": envelope.payload,
        }
        try:
            socket.send(json.dumps(message))
        except ConnectionClosed:
            self._drop(socket)

    def disconnect(self) -> None:
        """End every connection as Slack does now and then: it asks for a new one first."""
        for socket in tuple(self._sockets):
            try:
                socket.send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
                socket.close()
            except ConnectionClosed:
                pass
            self._drop(socket)

    def _drop(self, socket: Server) -> None:
        with self._changed:
            if socket in self._sockets:
                self._sockets.remove(socket)
            self._changed.notify_all()


def _hello(connections: int) -> dict[str, Any]:
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": {"host": "local-slack", "started": time.strftime("%Y-%m-%d %H:%M:%S")},
        "connection_info": {"app_id": APP_ID},
    }
