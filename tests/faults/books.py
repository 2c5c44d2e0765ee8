"""What AWS has on record of a rollout: who should have what, what stands where, what was asked and done since when."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from guardian.demo.cast import AWAY, HOME, Cast
from tests.scenario import rollouts
from tests.scenario.conftest import calls, forget_calls
from tests.scenario.rollouts import Done, Place

REGIONS = (HOME, AWAY)
GUARDIAN = "guardian"
"""The name under which guardian and its processes act in any role."""
READS = ("Get", "List", "Describe", "Lookup", "Assume")


@dataclass(frozen=True)
class Stack:
    """A stack instance: the id of its stack, and its status."""

    id: str
    status: str


Standing = Mapping[str, Mapping[Place, Stack]]
"""The instances of every stack set."""


def team_of(cast: Cast) -> Mapping[str, str]:
    """The team of each account that is active, by the OU it is in at this moment."""
    path_of = {ou: path for path, ou in cast.ous.items()}
    found = {}
    for account in _accounts(cast):
        path = path_of[account["Paths"][0].strip("/").rpartition("/")[2]]
        if account["Status"] == "ACTIVE" and path != "/":
            found[account["Id"]] = path.split("/")[1]
    return found


def suspended(cast: Cast) -> set[str]:
    return {account["Id"] for account in _accounts(cast) if account["Status"] != "ACTIVE"}


def _accounts(cast: Cast) -> list[Mapping[str, Any]]:
    pages = cast.estate.client("organizations", HOME).get_paginator("list_accounts").paginate()
    return [account for page in pages for account in page["Accounts"]]


def wanted(cast: Cast) -> Mapping[str, set[Place]]:
    """Where each stack set should stand when nothing is left to do."""
    places: defaultdict[str, set[Place]] = defaultdict(set)
    for account, team in team_of(cast).items():
        places["guardian-access"].add((account, HOME))
        places[f"guardian-{team}"] |= {(account, region) for region in REGIONS}
    return places


def standing(cast: Cast) -> Standing:
    """Every instance of every stack set of guardian's."""
    api = cast.estate.client("cloudformation", HOME)
    names = [s["StackSetName"] for s in api.list_stack_sets(Status="ACTIVE")["Summaries"]]
    return {name: _instances(api, name) for name in names if name.startswith("guardian-")}


def _instances(api: Any, name: str) -> Mapping[Place, Stack]:
    pages = api.get_paginator("list_stack_instances").paginate(StackSetName=name)
    return {
        (found["Account"], found["Region"]): Stack(found.get("StackId", ""), found["Status"])
        for page in pages
        for found in page["Summaries"]
    }


@dataclass
class Books:
    """What was done since they were opened."""

    cast: Cast
    before: Standing = field(init=False)
    _operations: set[str] = field(init=False)
    _records: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.before = standing(self.cast)
        self._operations = {done.identifier for done in rollouts.operations(self.cast)}
        self._records = {record["EventId"] for record in self._trail()}
        forget_calls(self.cast.aws)

    def operations(self) -> list[Done]:
        """The operations on stack sets, in the order in which they were begun."""
        everything = rollouts.operations(self.cast)
        return [done for done in everything if done.identifier not in self._operations]

    def asked(self) -> Counter[str]:
        """What guardian asked of CloudFormation and was not refused, as CloudTrail has it."""
        new = [r for r in self._trail() if r["EventId"] not in self._records]
        return Counter(r["EventName"] for r in new if '"errorCode"' not in r["CloudTrailEvent"])

    def written(self) -> Counter[tuple[str, str, str]]:
        """What guardian asked to be changed inside accounts: account, region, operation."""
        found: Counter[tuple[str, str, str]] = Counter()
        for call in calls(self.cast.aws):
            ours = call["principal"].endswith(":role/guardian-member")
            if ours and not call["operation"].startswith(READS):
                found[call["account"], call["region"], call["operation"]] += call["count"]
        return found

    def moved(self) -> set[Place]:
        """Where another stack stands than did before, or one that did not, or none any more."""
        places = set()
        now = standing(self.cast)
        for name in self.before.keys() | now.keys():
            old, new = self.before.get(name, {}), now.get(name, {})
            places |= {p for p in old.keys() | new.keys() if _id(old, p) != _id(new, p)}
        return places

    def _trail(self) -> list[Mapping[str, Any]]:
        api = self.cast.estate.client("cloudtrail", HOME)
        source = {"AttributeKey": "EventSource", "AttributeValue": "cloudformation.amazonaws.com"}
        pages = api.get_paginator("lookup_events").paginate(LookupAttributes=[source])
        events = [event for page in pages for event in page["Events"]]
        return [event for event in events if event["Username"] == GUARDIAN]


def _id(stacks: Mapping[Place, Stack], place: Place) -> str:
    return stacks[place].id if place in stacks else ""
