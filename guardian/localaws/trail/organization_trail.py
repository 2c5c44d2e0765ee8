"""The trail of the organization: it is there from the start, in every account and region."""

from typing import Any

from moto.cloudtrail.models import CloudTrailBackend, Trail
from moto.core.exceptions import JsonRESTError

from guardian.localaws.trail.history import Logging
from guardian.localaws.world import MANAGEMENT_ACCOUNT

NAME = "organization-trail"
HOME = "us-east-1"


class OrganizationTrail(Trail):
    """The trail as one region of one account sees it."""

    def __init__(self, seen_from: CloudTrailBackend, logging: Logging) -> None:
        super().__init__(
            account_id=MANAGEMENT_ACCOUNT,
            region_name=HOME,
            trail_name=NAME,
            bucket_name=f"{NAME}-{MANAGEMENT_ACCOUNT}",
            s3_key_prefix=None,
            sns_topic_name=None,
            is_global=True,
            is_multi_region=True,
            log_validation=True,
            is_org_trail=True,
            cw_log_group_arn=None,
            cw_role_arn=None,
            kms_key_id=None,
        )
        self._seen_from = (seen_from.account_id, seen_from.region_name)
        self._logging = logging
        self.event_selectors = [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
        if logging.is_on(*self._seen_from):
            self.status.start_logging()

    def check_bucket_exists(self) -> None:
        """Nothing is written to its bucket here."""

    def start_logging(self) -> None:
        self._switch(logging=True)

    def stop_logging(self) -> None:
        self._switch(logging=False)

    def _switch(self, *, logging: bool) -> None:
        account, region = self._seen_from
        if account != MANAGEMENT_ACCOUNT:
            raise JsonRESTError(
                "NotOrganizationMasterAccountException",
                "Only the management account can change an organization's trail.",
            )
        if region != HOME:
            raise JsonRESTError("InvalidHomeRegionException", f"The trail's home is {HOME}.")
        self._logging.set(None, None, logging=logging)


def install(logging: Logging) -> None:
    """Let CloudTrail's API answer the organization's trail beside those that are created."""
    stock_get, stock_describe = CloudTrailBackend.get_trail, CloudTrailBackend.describe_trails

    def get_trail(backend: Any, name_or_arn: str) -> Trail:
        trail = OrganizationTrail(backend, logging)
        return trail if name_or_arn in {NAME, trail.arn} else stock_get(backend, name_or_arn)

    def describe_trails(backend: Any, include_shadow_trails: bool) -> list[Trail]:  # noqa: FBT001 - moto's signature
        at_home = (backend.account_id, backend.region_name) == (MANAGEMENT_ACCOUNT, HOME)
        seen = [OrganizationTrail(backend, logging)] if include_shadow_trails or at_home else []
        return [*seen, *stock_describe(backend, include_shadow_trails)]

    CloudTrailBackend.get_trail = get_trail
    CloudTrailBackend.describe_trails = describe_trails
