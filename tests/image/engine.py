"""Builds images with buildah as root, without a daemon or a registry, and runs them as containers are run."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EPOCH = "1767225600"
"""SOURCE_DATE_EPOCH of every build: the moment that all files bear."""
DRIVER = os.environ.get("STORAGE_DRIVER", "vfs")
"""vfs works everywhere; overlay, where it works, is faster."""
SUITE = "bookworm"
BASE = "localhost/stand-in"
PROGRAMS = ("buildah", "debootstrap", "unshare", "chroot")
OWN = "10001:10001"
# The root is read-only as with --read-only; what may be written is in memory. The first process is guardian itself.
CONTAINER = f"""\
set -e
mkdir -p "$1/config"
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"
mount --bind "$2" "$1/config" && mount -o remount,bind,ro "$1/config"
mount -t tmpfs tmpfs "$1/tmp"
mount -t tmpfs -o uid=10001,gid=10001,mode=700 tmpfs "$1/var/lib/guardian/var"
mount -t proc proc "$1/proc"
root=$1; shift 2
exec chroot --userspec={OWN} "$root" env --chdir=/var/lib/guardian "$@"
"""


def missing() -> str:
    """Why no image can be built here, empty where one can."""
    if os.geteuid() != 0:
        return "images are built as root here: buildah's chroot isolation needs it"
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)} (apt-get install {' '.join(absent)})" * bool(
        absent
    )


@dataclass(frozen=True)
class Engine:
    """Images in a directory of their own, forgotten with it."""

    store: Path

    def buildah(self, *arguments: str | Path) -> str:
        places = ("--root", self.store / "images", "--runroot", self.store / "run")
        ended = subprocess.run(  # noqa: S603 - our own arguments
            ["buildah", "--storage-driver", DRIVER, *places, *arguments],  # noqa: S607 - Debian's
            env={**os.environ, "BUILDAH_ISOLATION": "chroot"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
        return ended.stdout.strip()

    def stand_in(self, tree: Path) -> None:
        """The base image: a Debian with Python, where no registry is to be had."""
        container = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", container, tree)
        self.buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
        self.buildah("commit", "--quiet", "--rm", "--timestamp", EPOCH, container, BASE)

    def build(self, target: str, name: str, **given: str) -> "Image":
        arguments = {"BASE": BASE, **mirror(), **given}
        said = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        self.buildah(
            *("build", "--format", "docker", "--network", "host", "--timestamp", EPOCH),
            *("--no-cache", "--volume", "/etc/ssl/certs:/etc/ssl/certs:ro", *said),
            *("--target", target, "--tag", name, ROOT),
        )
        return Image(self, name)

    def close(self) -> None:
        self.buildah("rm", "--all")
        self.buildah("rmi", "--all", "--force")
        shutil.rmtree(self.store)


@dataclass(frozen=True)
class Image:
    """A built image."""

    engine: Engine
    name: str

    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = self.inspect()["Docker"]["config"]
        return found

    def layers(self) -> list[str]:
        """The digests of the layers' contents, the base's first."""
        found: list[str] = self.inspect()["Docker"]["rootfs"]["diff_ids"]
        return found

    def inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.engine.buildah("inspect", "--type", "image", self.name)
        )
        return found

    def pulled(self) -> tuple[int, ...]:
        """The bytes of each compressed layer, as a registry would send them."""
        directory = self.engine.store / "pushed"
        self.engine.buildah("push", "--quiet", self.name, f"dir:{directory}")
        manifest = json.loads((directory / "manifest.json").read_text())
        shutil.rmtree(directory)
        return tuple(int(layer["size"]) for layer in manifest["layers"])

    def container(self) -> "Container":
        made = self.engine.buildah("from", self.name)
        return Container(self, made, Path(self.engine.buildah("mount", made)))


@dataclass(frozen=True)
class Container:
    """What is made of an image; `tree` is its root."""

    image: Image
    name: str
    tree: Path

    def start(
        self, config: Path, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.Popen[str]":
        """Run a command with a read-only root, as the image's user, and with the image's environment."""
        variables = [*self.image.config()["Env"], *(f"{k}={v}" for k, v in environment.items())]
        alone = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
        return subprocess.Popen(  # noqa: S603 - our own arguments
            [*alone, "sh", "-c", CONTAINER, "sh", self.tree, config, "-i", *variables, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, config: Path, *arguments: str, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        with self.start(config, arguments, environment) as process:
            out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def mirror() -> Mapping[str, str]:
    """Where packages come from on this machine, for the build alone."""
    wanted = ("PIP_INDEX_URL", "PIP_CERT")
    return {name: os.environ[name] for name in wanted if os.environ.get(name)}
