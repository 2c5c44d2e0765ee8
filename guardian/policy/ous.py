"""The OUs that policy files name, in an organization. Pure."""

from collections.abc import Mapping

from guardian.ids import OuPath
from guardian.organization import Organization
from guardian.places import Problem
from guardian.policy.model import PolicyFile
from guardian.policy.nearest import hint


def paths_by_name(organization: Organization) -> Mapping[str, OuPath]:
    """Every OU's path by what a file may call it: the path itself, or the id."""
    paths = {str(path): path for path in organization.ous}
    return paths | {str(ou): path for path, ou in organization.ous.items()}


def missing(file: PolicyFile, names: Mapping[str, OuPath]) -> Problem | None:
    """What is wrong with a file whose OU is none of these; None where it is there, or no OU could be read."""
    if not file.ou or file.ou in names:
        return None
    alike = [name for name in names if name.startswith("/") == file.ou.startswith("/")]
    return Problem(file.ou_position, f"there is no OU {file.ou}{hint(file.ou, alike)}")
