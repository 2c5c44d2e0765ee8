"""The regions AWS has, as botocore's data tells. No profile and no configuration is read."""

from functools import cache

from botocore.exceptions import UnknownRegionError
from botocore.loaders import create_loader
from botocore.regions import EndpointResolver

from guardian.errors import InputError
from guardian.ids import Region


@cache
def _resolver() -> EndpointResolver:
    return EndpointResolver(create_loader().load_data("endpoints"))


@cache
def partition_of(region: Region) -> str:
    """The partition that a region lies in, `aws`, `aws-cn`. Raises InputError for what is no region."""
    try:
        return _resolver().get_partition_for_region(region)
    except UnknownRegionError as error:
        raise InputError(f"{region!r} is not a region of AWS") from error


@cache
def dns_suffix(region: Region) -> str:
    """What the names of a region's endpoints end in: `amazonaws.com`. Raises InputError for what is no region."""
    return _resolver().get_partition_dns_suffix(partition_of(region))


@cache
def all_regions(partition: str = "aws") -> frozenset[Region]:
    """Every region of a partition, opt-in ones included."""
    return frozenset(map(Region, _resolver().get_available_endpoints("ec2", partition)))
