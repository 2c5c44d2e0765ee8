"""SageMaker Studio: user profiles and spaces of a domain, and the apps that run for them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.sagemaker.exceptions import ResourceInUseException, ValidationError

from guardian.localaws.lifecycle import History, Stage

PENDING_TAKES = timedelta(seconds=60)
DELETING_TAKES = timedelta(seconds=20)
REMEMBERED_FOR = timedelta(hours=24)
HEALTH_CHECK_EVERY = timedelta(minutes=1)
FIRST_EFS_UID = 200_001
# Apps that run on the shared host of Studio unless an instance is asked for.
HOSTED = ("JupyterServer", "RStudioServerPro", "Canvas")
DEFAULT_INSTANCE = "ml.t3.medium"

Tags = list[dict[str, str]]
Key = tuple[str, ...]


@dataclass
class AppOwner:
    """A user profile or a space: what apps run for. It is in service from the first moment."""

    kind: str
    arn: str
    request: Mapping[str, Any]
    created: datetime
    efs_uid: int
    tags: Tags

    @property
    def key(self) -> Key:
        return self.kind, self.request["DomainId"], self.request[f"{self.kind}Name"]

    def describe(self) -> dict[str, Any]:
        """What the Describe call answers."""
        times = {"CreationTime": self.created, "LastModifiedTime": self.created}
        return {
            **{name: value for name, value in self.request.items() if name != "Tags"},
            f"{self.kind}Arn": self.arn,
            "HomeEfsFileSystemUid": str(self.efs_uid),
            "Status": "InService",
            **times,
        }

    def summary(self) -> dict[str, Any]:
        """What the List call answers; a space's settings have names of their own there."""
        settings = ("SpaceSettings", "SpaceSharingSettings", "OwnershipSettings")
        summaries = {
            f"{name}Summary": self.request[name] for name in settings & self.request.keys()
        }
        return self.describe() | summaries


@dataclass
class App:
    """An app as CreateApp was asked for it, and what became of it."""

    arn: str
    request: Mapping[str, Any]
    history: History
    tags: Tags

    @classmethod
    def start(cls, arn: str, request: Mapping[str, Any], now: datetime) -> "App":
        stages = Stage(now, "Pending"), Stage(now + PENDING_TAKES, "InService")
        return cls(arn, request, History(stages), list(request.get("Tags", [])))

    @property
    def key(self) -> Key:
        return app_key(self.request)

    @property
    def created(self) -> datetime:
        return self.history.stages[0].at

    def state(self, now: datetime) -> str:
        return self.history.at(now).state

    def is_forgotten(self, now: datetime) -> bool:
        """Whether it was deleted so long ago that no call knows it."""
        deleted = self.history.first("Deleted")
        return deleted is not None and deleted + REMEMBERED_FOR <= now

    def delete(self, now: datetime) -> None:
        """Begin to be deleted. Raises ResourceInUseException unless it is in service."""
        state = self.state(now)
        if state == "Deleted":
            raise ValidationError(f"App [{self.arn}] has already been deleted.")
        if state != "InService":
            raise ResourceInUseException(
                f"Unable to delete App [{self.arn}] because it is in {state} state."
            )
        stages = Stage(now, "Deleting"), Stage(now + DELETING_TAKES, "Deleted")
        self.history = self.history.replan(now, *stages)

    def summary(self, now: datetime) -> dict[str, Any]:
        """What ListApps answers at `now`."""
        names = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
        return {
            **{name: self.request[name] for name in names if name in self.request},
            "Status": self.state(now),
            "CreationTime": self.created,
            "ResourceSpec": self._resources(),
        }

    def describe(self, now: datetime) -> dict[str, Any]:
        """What DescribeApp answers at `now`."""
        recovery = {"RecoveryMode": self.request.get("RecoveryMode", False)}
        return {"AppArn": self.arn, **self.summary(now), **recovery, **self._activity(now)}

    def _resources(self) -> dict[str, Any]:
        default = "system" if self.request["AppType"] in HOSTED else DEFAULT_INSTANCE
        return {"InstanceType": default, **self.request.get("ResourceSpec", {})}

    def _activity(self, now: datetime) -> dict[str, datetime]:
        """When it was last checked; AWS counts a health check as activity of the user too."""
        began = self.history.first("InService")
        if began is None or began > now:
            return {}
        until = min(now, self.history.first("Deleting") or now)
        checked = began + (until - began) // HEALTH_CHECK_EVERY * HEALTH_CHECK_EVERY
        return {"LastHealthCheckTimestamp": checked, "LastUserActivityTimestamp": checked}


@dataclass
class Studio:
    """Everything of Studio in one account and region, but for the domains, which moto has."""

    owners: dict[Key, AppOwner] = field(default_factory=dict)
    apps: dict[Key, App] = field(default_factory=dict)
    next_efs_uid: int = FIRST_EFS_UID

    def own(self, kind: str, arn: str, request: Mapping[str, Any], now: datetime) -> AppOwner:
        """Add a user profile or a space. Raises ResourceInUseException when there is one."""
        owner = AppOwner(kind, arn, request, now, self.next_efs_uid, list(request.get("Tags", [])))
        if owner.key in self.owners:
            raise ResourceInUseException(f"{kind} [{arn}] already exists.")
        self.owners[owner.key] = owner
        self.next_efs_uid += 1
        return owner

    def forget(self, now: datetime) -> None:
        """Drop the apps that were deleted a day ago."""
        for key, app in list(self.apps.items()):
            if app.is_forgotten(now):
                self.apps.pop(key, None)

    def launch(self, app: App, now: datetime) -> None:
        """Add `app`; one of its name must be deleted or ResourceInUseException is raised."""
        namesake = self.apps.get(app.key)
        if namesake is not None and namesake.state(now) != "Deleted":
            raise ResourceInUseException(f"App [{app.arn}] already exists.")
        self.apps[app.key] = app

    def disown(self, owner: AppOwner, now: datetime) -> None:
        """Delete a user profile or a space. Raises ResourceInUseException while it has apps."""
        running = any(
            app.key[:3] == owner.key and app.state(now) != "Deleted"
            for app in list(self.apps.values())
        )
        if running:
            raise ResourceInUseException(
                f"Unable to delete {owner.kind} [{owner.arn}] because App(s) are associated with it."
            )
        del self.owners[owner.key]

    def tagged(self, now: datetime) -> Iterator[AppOwner | App]:
        """Everything that can have tags."""
        yield from list(self.owners.values())
        yield from (app for app in list(self.apps.values()) if app.state(now) != "Deleted")


def app_key(request: Mapping[str, Any]) -> Key:
    """What an app is known by: for whom it runs, its type and its name.

    Raises ValidationError unless exactly one of UserProfileName and SpaceName is given.
    """
    kinds = [kind for kind in ("UserProfile", "Space") if f"{kind}Name" in request]
    if len(kinds) != 1:
        raise ValidationError("Either UserProfileName or SpaceName must be specified, not both.")
    owner = kinds[0], request["DomainId"], request[f"{kinds[0]}Name"]
    return *owner, request["AppType"], request["AppName"]
