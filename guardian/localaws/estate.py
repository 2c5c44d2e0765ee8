"""Builds an organization on a local AWS, through the public APIs, as its administrators would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

ADMIN_ROLE = "OrganizationAccountAccessRole"
"""What Organizations puts into every account it makes."""
STACKSETS = "member.org.stacksets.cloudformation.amazonaws.com"
CONFIG = Config(retries={"mode": "standard", "max_attempts": 3}, inject_host_prefix=False)


@dataclass(frozen=True)
class Keys:
    """Credentials, as the environment of a process takes them."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""


ADMINISTRATOR = Keys("test", "test")
"""An administrator of the management account."""


@dataclass(frozen=True)
class Estate:
    """A local AWS at an endpoint."""

    endpoint: str

    def client(self, service: str, region: str, keys: Keys = ADMINISTRATOR) -> Any:
        """A boto3 client of the local AWS."""
        return _client(self.endpoint, service, region, keys)

    def assume(self, account: str, role: str, who: str, region: str) -> Keys:
        """The keys of somebody in a role."""
        sts = self.client("sts", region)
        arn = f"arn:aws:iam::{account}:role/{role}"
        given = sts.assume_role(RoleArn=arn, RoleSessionName=who)["Credentials"]
        return Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def organization(self, region: str) -> str:
        """Make an organization that lets StackSets in; answer its id."""
        made = self.client("organizations", region).create_organization(FeatureSet="ALL")
        self.client("cloudformation", region).activate_organizations_access()
        return str(made["Organization"]["Id"])

    def units(self, paths: Sequence[str], region: str) -> Mapping[str, str]:
        """Make OUs, parents before children; answer the id of each path, `/` for the root."""
        api = self.client("organizations", region)
        ids = {"/": str(api.list_roots()["Roots"][0]["Id"])}
        for path in paths:
            above, _, name = path.rpartition("/")
            made = api.create_organizational_unit(ParentId=ids[above or "/"], Name=name)
            ids[path] = str(made["OrganizationalUnit"]["Id"])
        return ids

    def account(self, name: str, parent: str, root: str, region: str) -> str:
        """Make an account in an OU; answer its id."""
        api = self.client("organizations", region)
        status = api.create_account(Email=f"{name}@example.com", AccountName=name)
        account = str(status["CreateAccountStatus"]["AccountId"])
        if parent != root:
            api.move_account(AccountId=account, SourceParentId=root, DestinationParentId=parent)
        return account

    def deploy(
        self, name: str, template: str, parameters: Mapping[str, str], region: str
    ) -> Mapping[str, str]:
        """Make a stack in the management account and wait for it; answer its outputs."""
        api = self.client("cloudformation", region)
        api.create_stack(
            StackName=name,
            TemplateBody=template,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        )
        api.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        stack = api.describe_stacks(StackName=name)["Stacks"][0]
        return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}


@lru_cache(64)
def _client(endpoint: str, service: str, region: str, keys: Keys) -> Any:
    """Made once: that takes longer than a call."""
    return boto3.client(
        service,  # type: ignore[call-overload]  # any service
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token or None,
        config=CONFIG,
    )
