"""A local AWS organization behind one real HTTP endpoint, for the demo and the tests."""

from guardian.localaws.server import LocalAws as LocalAws
