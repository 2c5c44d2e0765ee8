"""The demo: the same jobs as the daemon's, over a local AWS and a local Slack, told as a story."""

from guardian.demo.play import run_demo

__all__ = ["run_demo"]
