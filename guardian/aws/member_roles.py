"""The IAM roles of guardian's stacks in an account, compared with what their template says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from guardian.aws.clients import Answer, Clients
from guardian.aws.once import Once
from guardian.documents import Json
from guardian.ids import AccountId, Target
from guardian.repair import Drift, ExpectedRole, What
from guardian.stack import names

PAGE = 1000


@dataclass(frozen=True)
class Role:
    """A role as it is. `others` are its attached policies and its boundary, by name."""

    trust: Json
    policies: Mapping[str, Json]
    others: tuple[str, ...] = ()


class MemberRoles:
    """Roles called `guardian-…`, by account: IAM is the same in all regions, and is asked once."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: Once[AccountId, Mapping[str, Role]] = Once()

    def of(self, target: Target) -> Mapping[str, Role]:
        """By name. One call tells all of an account's roles; role by role it would be three for each."""
        return self._known.of(target.account, lambda: dict(self._read(target)))

    def forget(self) -> None:
        self._known.forget()

    def _read(self, target: Target) -> Iterator[tuple[str, Role]]:
        for page in self._clients.pages(
            target,
            "iam",
            "GetAccountAuthorizationDetails",
            "Marker",
            Filter=["Role"],
            MaxItems=PAGE,
        ):
            for found in page["RoleDetailList"]:
                if found["RoleName"].startswith(f"{names.PREFIX}-"):
                    yield found["RoleName"], _role(found)


def drift_of_roles(expected: Iterable[ExpectedRole], found: Mapping[str, Role]) -> Iterator[Drift]:
    """What is not as the template says. What others gave to a role is told apart: making it anew would not end that."""
    for wanted in expected:
        role = found.get(wanted.name)
        if role is None:
            yield Drift(What.ROLE_MISSING, wanted.name)
            continue
        if wrong := list(_differences(wanted, role)):
            yield Drift(What.ROLE_CHANGED, wanted.name, ", ".join(wrong))
        if more := sorted({*role.policies, *role.others} - wanted.policies.keys()):
            yield Drift(What.ROLE_EXTENDED, wanted.name, f"take away: {', '.join(more)}")


def _differences(wanted: ExpectedRole, role: Role) -> Iterator[str]:
    if meaning(role.trust) != meaning(wanted.trust):
        yield "who may assume it"
    for name, document in wanted.policies.items():
        if meaning(role.policies.get(name)) != meaning(document):
            yield f"inline policy {name}"


def meaning(policy: Json) -> object:
    """What two policy documents have in common that allow the same: a list of one is the one, its order is nothing."""
    if isinstance(policy, Mapping):
        return {key: meaning(value) for key, value in policy.items()}
    if isinstance(policy, Sequence) and not isinstance(policy, str):
        members = [meaning(member) for member in policy]
        return members[0] if len(members) == 1 else sorted(members, key=str)
    return policy


def _role(found: Answer) -> Role:
    attached = [policy["PolicyName"] for policy in found.get("AttachedManagedPolicies", ())]
    boundary = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return Role(
        trust=found["AssumeRolePolicyDocument"],
        policies={each["PolicyName"]: each["PolicyDocument"] for each in found["RolePolicyList"]},
        others=(*attached, *([f"permissions boundary {boundary}"] if boundary else [])),
    )
