"""The governed kinds, one file each. The folder is the registry: a new file here is a new kind."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from guardian.kinds.base import Kind


@cache
def all_kinds() -> Mapping[str, Kind]:
    """Every kind by its key, in the order of the keys."""
    modules = [m.name for m in pkgutil.iter_modules(__path__) if m.name != "base"]
    found = [importlib.import_module(f"{__name__}.{name}").KIND for name in modules]
    return {kind.key: kind for kind in sorted(found, key=lambda kind: kind.key)}


def default_kinds() -> Mapping[str, Kind]:
    """Those that are governed where a policy names none."""
    return {key: kind for key, kind in all_kinds().items() if kind.default}
