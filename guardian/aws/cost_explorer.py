"""Cost Explorer: what accounts really paid, for a cent a request."""

from collections.abc import Mapping

from guardian.aws.clients import Clients
from guardian.costs import CostQuery
from guardian.documents import Json, plain
from guardian.ids import Region, Target

VIRGINIA = Region("us-east-1")
ELSEWHERE: Mapping[str, Region] = {"cn": Region("cn-northwest-1")}
"""One region of a partition serves it for all of them."""


class AwsCostExplorer:
    """Costs as the hub's account sees them: the whole organization's in the management account, else its own."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def page(self, query: CostQuery, token: str) -> Json:
        hub = self._clients.hub
        where = Target(hub.account, ELSEWHERE.get(hub.region[:2], VIRGINIA))
        more = {"NextPageToken": token} if token else {}
        return plain(self._clients.call(where, "ce", "GetCostAndUsage", **query.arguments, **more))
