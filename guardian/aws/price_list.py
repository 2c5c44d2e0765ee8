"""The AWS Price List: list prices of everything, for nothing."""

from collections.abc import Iterator, Mapping

from guardian.aws.clients import Clients
from guardian.ids import Region, Target
from guardian.offers import Search

VIRGINIA, FRANKFURT, MUMBAI = Region("us-east-1"), Region("eu-central-1"), Region("ap-south-1")
NINGXIA = Region("cn-northwest-1")
NEAREST: Mapping[str, Region] = {"eu": FRANKFURT, "ap": MUMBAI, "cn": NINGXIA}
"""The list is served in four regions only; each has the prices of all regions of its partition."""
MOST = 100


class AwsPriceList:
    """The list as the hub's account sees it."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def offers(self, search: Search) -> Iterator[str]:
        """Every offer that fits, as the JSON text that AWS wrote. Raises guardian's errors."""
        filters = [
            {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in search.filters
        ]
        hub = self._clients.hub
        where = Target(hub.account, NEAREST.get(hub.region[:2], VIRGINIA))
        for page in self._clients.pages(
            where,
            "pricing",
            "GetProducts",
            ServiceCode=search.service,
            Filters=filters,
            FormatVersion="aws_v1",
            MaxResults=MOST,
        ):
            yield from page.get("PriceList") or ()
