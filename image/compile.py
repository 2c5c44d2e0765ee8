"""Compile what guardian imports, for an image in which nothing can be written: `compile.py PACKAGE...`.

Without it each start would compile the standard library anew, and a health check is a start. The files say nothing of
times (PEP 552), so the same sources give the same bytes. They are written where PYTHONPYCACHEPREFIX leads.
"""

import importlib
import pkgutil
import py_compile
import sys
from pathlib import Path
from types import ModuleType


def main() -> None:
    for name in sys.argv[1:]:
        _load(name)
    for module in _loaded():
        py_compile.compile(
            str(module.__file__),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


def _load(name: str) -> None:
    """Import a module and all below it; a `__main__` would run."""
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if found.name != "__main__":
            _load(f"{name}.{found.name}")


def _loaded() -> list[ModuleType]:
    modules = (module for name, module in sorted(sys.modules.items()) if name != "__main__")
    return [m for m in modules if Path(getattr(m, "__file__", None) or "").suffix == ".py"]


if __name__ == "__main__":
    main()
