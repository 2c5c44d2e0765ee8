"""List the licenses in a bill of materials, and refuse what has none or one that nobody looked at: `licenses.py SBOM`.

Exit code 0: all are among those below; 1: some are not, they are named.
"""

import json
import sys
from pathlib import Path
from typing import Any

ALLOWED = {
    *(
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-CMU",
        "Zlib",
    ),
    *("PSF-2.0", "Python-2.0"),
    "Apache Software License",
    "BSD License",
}
"""Licenses that ask for a notice at most: SPDX's names, and those of packages that have only a classifier."""
CLASSIFIER = "License :: OSI Approved :: "


def main() -> None:
    document = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    components = sorted(document["components"], key=lambda each: str(each["name"]).lower())
    wrong = []
    for component in components:
        names = licenses(component)
        sys.stdout.write(
            f"{component['name']} {component['version']}: {' / '.join(names) or 'none'}\n"
        )
        if not names or not all(map(allowed, names)):
            wrong.append(str(component["name"]))
    if wrong:
        sys.exit(f"licenses: look at {', '.join(wrong)}; image/licenses.py lists what is allowed")


def licenses(component: dict[str, Any]) -> list[str]:
    """What a component says of its license: expressions, SPDX's names, or classifiers' last parts."""
    said = (
        each.get("expression") or _name(each["license"]) for each in component.get("licenses", [])
    )
    return [str(name).removeprefix(CLASSIFIER) for name in said]


def allowed(said: str) -> bool:
    """Whether an expression holds with the allowed licenses alone: all parts of an AND, one of an OR."""
    if said in ALLOWED:
        return True
    if "(" in said or " WITH " in said:
        return False
    return any(
        all(part.strip() in ALLOWED for part in way.split(" AND ")) for way in said.split(" OR ")
    )


def _name(license_: dict[str, str]) -> str:
    return license_.get("id") or license_.get("name", "")


if __name__ == "__main__":
    main()
