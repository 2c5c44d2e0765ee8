"""The HTTP server: answers as late as the seed says without a thread waiting, and is seeded over a path of its own."""

import asyncio
import json
import os
import time
from collections.abc import Mapping

from benchmarks.backend.dispatch import Backend, Outcome
from benchmarks.backend.estate import Estate
from benchmarks.backend.keys import environment, issue
from benchmarks.backend.seed import HUB, Seed
from benchmarks.backend.wire import BadRequest, Inbox, Reply, Request, written

CONTROL = "/benchmark/"
DAY = 86_400.0


class Server:
    """All connections; the backend behind them is changed by every seed."""

    def __init__(self) -> None:
        self.backend = _backend(Seed())
        self.served = 0
        self._cpu = time.process_time()

    def control(self, request: Request) -> Reply:
        """`PUT seed` makes the world anew, `GET record` tells what happened in it."""
        try:
            match request.method, request.path.removeprefix(CONTROL):
                case "PUT", "seed":
                    return _told(self._seeded(json.loads(request.body or b"{}")))
                case "GET", "record":
                    return _told(self._recorded())
                case _:
                    return _told({"error": "PUT seed or GET record"}, 404)
        except (TypeError, ValueError) as error:
            return _told({"error": str(error)}, 400)

    def _recorded(self) -> Mapping[str, object]:
        cpu = time.process_time() - self._cpu
        told = self.backend.record.told(self.backend.estate)
        return {**told, "cpu_seconds": round(cpu, 3)}

    def _seeded(self, told: Mapping[str, object]) -> Mapping[str, object]:
        """The hub's credentials, and the accounts that will make trouble."""
        seed = Seed.read(told)
        denied, hanging = seed.troubled
        self.backend = _backend(seed)
        self._cpu = time.process_time()
        keys = issue(HUB, "guardian-hub", "benchmark", time.time() + DAY, 0)
        return {
            "environment": environment(keys),
            "accounts": list(seed.account_ids),
            "denied": sorted(denied),
            "hanging": sorted(hanging),
        }


def _backend(seed: Seed) -> Backend:
    return Backend(Estate(seed, float(int(time.time()))), time.time)


def _told(document: Mapping[str, object], status: int = 200) -> Reply:
    return Reply(status, "application/json", json.dumps(document).encode())


class Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._inbox = Inbox()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream was expected")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            for request in self._inbox.feed(data):
                self._serve(request)
        except BadRequest as error:
            self._send(_told({"error": str(error)}, 400))
            self._close()

    def _serve(self, request: Request) -> None:
        if request.path.startswith(CONTROL):
            self._send(self._server.control(request))
            return
        backend = self._server.backend
        outcome = backend.serve(request)
        if outcome.reply is None:
            return
        backend.record.began()
        latency = backend.estate.seed.latency
        if latency:
            asyncio.get_running_loop().call_later(latency, self._answer, backend, outcome)
        else:
            self._answer(backend, outcome)

    def _answer(self, backend: Backend, outcome: Outcome) -> None:
        backend.record.ended()
        if outcome.reply is not None and self._send(outcome.reply):
            for stop in outcome.stops:
                stop.told = True

    def _send(self, reply: Reply) -> bool:
        """False where nobody listens any more."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        self._server.served += 1
        transport.write(written(reply, self._server.served, time.time()))
        return True

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def serve(port: int) -> None:
    """Serve until the process is ended; the address is the first line of the output."""
    server = Server()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: Connection(server), "127.0.0.1", port, backlog=1024
    )
    bound = listening.sockets[0].getsockname()[1]
    print(json.dumps({"endpoint": f"http://127.0.0.1:{bound}", "pid": os.getpid()}), flush=True)
    async with listening:
        await listening.serve_forever()
