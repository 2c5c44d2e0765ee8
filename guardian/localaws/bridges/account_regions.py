"""Account Management: which regions an account has enabled, and enabling and disabling them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from botocore.session import Session
from moto.account import urls
from moto.account.responses import AccountResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.organizations.models import FakeDelegatedAdministrator

from guardian.localaws.bridges.organizations import organization_of
from guardian.localaws.world import World

SERVICE = "account.amazonaws.com"
_BY_DEFAULT = """
    ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1
    eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
"""
BY_DEFAULT = frozenset(_BY_DEFAULT.split())
PAGE = 50
CHANGING_SECONDS = 60
"""Of local time that a region is ENABLING or DISABLING; AWS takes minutes to hours."""
OPERATIONS = ("listRegions", "getRegionOptStatus", "enableRegion", "disableRegion")


class AccessDenied(ServiceException):
    code = "AccessDeniedException"


class Conflict(ServiceException):
    code = "ConflictException"


class Validation(ServiceException):
    code = "ValidationException"


@dataclass(frozen=True)
class Option:
    """What somebody asked of a region, and when it is so."""

    enabled: bool
    settled: datetime

    def status(self, now: datetime) -> str:
        if now < self.settled:
            return "ENABLING" if self.enabled else "DISABLING"
        return "ENABLED" if self.enabled else "DISABLED"


class RegionOptions:
    """Every account's regions."""

    def __init__(self, world: World) -> None:
        self._clock = world.clock
        self._options: dict[tuple[str, str], Option] = {}

    def clear(self) -> None:
        self._options.clear()

    def status(self, account: str, region: str) -> str:
        if region not in _regions():
            raise Validation(f"The Region {region} is not valid.")
        if region in BY_DEFAULT:
            return "ENABLED_BY_DEFAULT"
        option = self._options.get((account, region))
        return option.status(self._clock.now()) if option else "DISABLED"

    def all(self, account: str) -> Mapping[str, str]:
        return {region: self.status(account, region) for region in _regions()}

    def ask(self, account: str, region: str, *, enabled: bool) -> None:
        status = self.status(account, region)
        if status == "ENABLED_BY_DEFAULT":
            raise Validation(f"The Region {region} is enabled by default.")
        if status in {"ENABLING", "DISABLING"}:
            raise Conflict(f"The Region {region} is {status}.")
        if (status == "ENABLED") is not enabled:
            settled = self._clock.after(CHANGING_SECONDS)
            self._options[account, region] = Option(enabled, settled)


@cache
def _regions() -> tuple[str, ...]:
    return tuple(sorted(Session().get_available_regions("ec2")))


def install(world: World) -> None:
    """Answer for the regions of accounts, which moto does not know."""
    options = RegionOptions(world)
    world.on_reset(options.clear)
    FakeDelegatedAdministrator.SUPPORTED_SERVICES.append(SERVICE)
    AccountResponse.list_regions = _list_regions(options)
    AccountResponse.get_region_opt_status = _get_status(options)
    AccountResponse.enable_region = _changing(options, enabled=True)
    AccountResponse.disable_region = _changing(options, enabled=False)
    urls.url_paths |= {f"{{0}}/{name}$": AccountResponse.dispatch for name in OPERATIONS}


def _list_regions(options: RegionOptions) -> Callable[[Any], ActionResult]:
    def list_regions(response: Any) -> ActionResult:
        found = options.all(_account(response))
        wanted = response._get_param("RegionOptStatusContains") or set(found.values())
        listed = [
            {"RegionName": region, "RegionOptStatus": status}
            for region, status in found.items()
            if status in wanted
        ]
        first = _start(response._get_param("NextToken"))
        last = first + int(response._get_param("MaxResults") or PAGE)
        more = {"NextToken": str(last)} if last < len(listed) else {}
        return ActionResult({"Regions": listed[first:last], **more})

    return list_regions


def _start(token: str | None) -> int:
    try:
        return int(token or 0)
    except ValueError:
        raise Validation("The NextToken is not valid.") from None


def _get_status(options: RegionOptions) -> Callable[[Any], ActionResult]:
    def get_region_opt_status(response: Any) -> ActionResult:
        region = response._get_param("RegionName")
        status = options.status(_account(response), region)
        return ActionResult({"RegionName": region, "RegionOptStatus": status})

    return get_region_opt_status


def _changing(options: RegionOptions, *, enabled: bool) -> Callable[[Any], EmptyResult]:
    def change(response: Any) -> EmptyResult:
        options.ask(_account(response), response._get_param("RegionName"), enabled=enabled)
        return EmptyResult()

    return change


def _account(response: Any) -> str:
    """The account that is asked of: the caller's own, or one of the organization that the caller may ask of."""
    own, asked = str(response.current_account), response._get_param("AccountId")
    if asked is None:
        return own
    backend = organization_of(own)
    if backend is None or asked not in {account.id for account in backend.accounts}:
        raise AccessDenied("The account is not a member of your organization.")
    if asked == backend.account_id:
        raise AccessDenied(
            "The management account can only be managed using the standalone context from the management account."
        )
    if SERVICE not in {access["ServicePrincipal"] for access in backend.services}:
        raise AccessDenied(
            "Your organization must first enable trusted access with AWS Account Management."
        )
    admins = {admin.account.id for admin in backend.admins if SERVICE in admin.services}
    if own not in admins | {backend.account_id}:
        raise AccessDenied("Only the management account or a delegated administrator may do this.")
    return str(asked)
