"""What guardian needs of the outside world: of AWS, of a journal, of Slack."""

from guardian.ports.aws import (
    AccountRegions,
    Candidate,
    CostExplorer,
    DriftDetection,
    EnabledRegions,
    Inbox,
    Members,
    Message,
    Organizations,
    Origin,
    PolicySource,
    PriceList,
    Progress,
    Stacks,
    StackSets,
)
from guardian.ports.journal import Journal, Warnings
from guardian.ports.lease import Acting, Always, Leases
from guardian.ports.slack import Announcer, NoticeBoard, Press, Room, Typed
from guardian.ports.table import Table

__all__ = [
    "AccountRegions",
    "Acting",
    "Always",
    "Announcer",
    "Candidate",
    "CostExplorer",
    "DriftDetection",
    "EnabledRegions",
    "Inbox",
    "Journal",
    "Leases",
    "Members",
    "Message",
    "NoticeBoard",
    "Organizations",
    "Origin",
    "PolicySource",
    "Press",
    "PriceList",
    "Progress",
    "Room",
    "StackSets",
    "Stacks",
    "Table",
    "Typed",
    "Warnings",
]
