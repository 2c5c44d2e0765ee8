"""Who makes the hub, and what the organization lets them do."""

from guardian.aws.clients import Answer, Clients
from guardian.errors import AccessDenied, InputError, NotFound
from guardian.ids import AccountId
from guardian.ports.bootstrap import Caller, Network

STACKSETS = "member.org.stacksets.cloudformation.amazonaws.com"
"""The service principal of service-managed StackSets."""
NO_ORGANIZATION = ("AWSOrganizationsNotInUse",)
MOST_SUBNETS = 16
"""What ECS takes."""


class AwsStanding:
    """Asks with guardian's own credentials, those of whoever sets it up."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def caller(self) -> Caller:
        identity = self._clients.identity()
        account = AccountId(str(identity["Account"]))
        organization = self._organization(account)
        return Caller(
            account=account,
            arn=str(identity["Arn"]),
            organization=str(organization["Id"]),
            management_account=AccountId(str(organization["MasterAccountId"])),
            complete=organization.get("FeatureSet") == "ALL",
            delegated=self._delegated(account),
        )

    def trusted(self, caller: Caller) -> bool:
        call_as = "SELF" if caller.manages else "DELEGATED_ADMIN"
        answer = self._call("cloudformation", "DescribeOrganizationsAccess", CallAs=call_as)
        return bool(answer.get("Status") == "ENABLED")

    def trust(self) -> None:
        self._call("cloudformation", "ActivateOrganizationsAccess")

    def network(self) -> Network | None:
        default = [{"Name": "is-default", "Values": ["true"]}]
        vpcs = self._call("ec2", "DescribeVpcs", Filters=default)["Vpcs"]
        if not vpcs:
            return None
        vpc = str(vpcs[0]["VpcId"])
        of_it = [
            {"Name": "vpc-id", "Values": [vpc]},
            {"Name": "default-for-az", "Values": ["true"]},
        ]
        found = self._call("ec2", "DescribeSubnets", Filters=of_it)["Subnets"]
        subnets = sorted(str(subnet["SubnetId"]) for subnet in found)[:MOST_SUBNETS]
        return Network(vpc, tuple(subnets)) if subnets else None

    def _organization(self, account: AccountId) -> Answer:
        hub = self._clients.hub
        try:
            answer = self._clients.call(
                hub, "organizations", "DescribeOrganization", NO_ORGANIZATION
            )
        except NotFound as error:
            raise InputError(
                f"account {account} is in no organization; make one: "
                "aws organizations create-organization --feature-set ALL"
            ) from error
        found: Answer = answer["Organization"]
        return found

    def _delegated(self, account: AccountId) -> bool:
        """Who is neither the management account nor any delegated administrator may not ask."""
        hub = self._clients.hub
        try:
            pages = self._clients.pages(
                hub, "organizations", "ListDelegatedAdministrators", ServicePrincipal=STACKSETS
            )
            found = [one["Id"] for page in pages for one in page["DelegatedAdministrators"]]
        except AccessDenied:
            return False
        return account in found

    def _call(self, service: str, action: str, **arguments: object) -> Answer:
        return self._clients.call(self._clients.hub, service, action, **arguments)
