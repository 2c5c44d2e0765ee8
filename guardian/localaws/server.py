"""Starts moto's server on loopback with every bridge installed."""

import importlib
import logging
import os
import pkgutil
import socket
from functools import partial
from threading import Thread

from guardian.localaws import bridges
from guardian.localaws.bus import EventBus
from guardian.localaws.clock import Clock
from guardian.localaws.world import World

HOST = "127.0.0.1"


class LocalAws:
    """A running local AWS. One per process: moto keeps its state in module globals."""

    def __init__(self, port: int = 0, scale: float = 1.0) -> None:
        """Take `port` (0: any free one). Raises OSError when it is taken, ValueError on a bad scale."""
        clock = Clock(scale)
        self._socket = _listen(port)
        self.world = World(self._socket.getsockname()[1], clock, EventBus(clock))

    @property
    def endpoint(self) -> str:
        return self.world.endpoint

    def start(self) -> None:
        """Install every bridge and answer requests in a background thread."""
        os.environ["MOTO_PORT"] = str(self.world.port)  # moto's state machines call back on it
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        for module in sorted(pkgutil.iter_modules(bridges.__path__), key=lambda found: found.name):
            bridge = importlib.import_module(f"{bridges.__name__}.{module.name}")
            if hasattr(bridge, "install"):
                bridge.install(self.world)
        from moto.moto_server.werkzeug_app import MotoRequestHandler
        from werkzeug.serving import make_server

        from guardian.localaws.application import Application

        self._server = make_server(
            HOST,
            self.world.port,
            Application(self.world),
            threaded=True,
            request_handler=MotoRequestHandler,
            fd=self._socket.fileno(),
        )
        serve = partial(self._server.serve_forever, poll_interval=0.05)
        Thread(target=serve, name="local-aws", daemon=True).start()

    def stop(self) -> None:
        """Answer no more requests and give the port back."""
        self._server.shutdown()
        self._server.server_close()
        self._socket.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener
