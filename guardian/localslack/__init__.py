"""A local Slack workspace behind one real HTTP endpoint, for the demo and the tests."""

from guardian.localslack.server import LocalSlack

__all__ = ["LocalSlack"]
