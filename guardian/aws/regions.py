"""The regions AWS has, as botocore's data tells."""

from functools import cache

from botocore.exceptions import UnknownRegionError
from botocore.session import Session

from guardian.errors import InputError
from guardian.ids import Region


@cache
def partition_of(region: Region) -> str:
    """The partition that a region lies in, `aws`, `aws-cn`. Raises InputError for what is no region."""
    try:
        return Session().get_partition_for_region(region)
    except UnknownRegionError as error:
        raise InputError(f"{region!r} is not a region of AWS") from error


@cache
def all_regions(partition: str = "aws") -> frozenset[Region]:
    """Every region of a partition, opt-in ones included."""
    return frozenset(Region(name) for name in Session().get_available_regions("ec2", partition))
