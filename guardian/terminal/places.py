"""Places in files, short enough to read."""

from pathlib import Path, PurePath


def within(file: str, directory: Path) -> str:
    """A file's path as seen from a directory; as it is where it lies elsewhere."""
    path = PurePath(file)
    return path.relative_to(directory).as_posix() if path.is_relative_to(directory) else file
