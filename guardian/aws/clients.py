"""Every AWS call guardian makes: the right client, the right account's credentials, guardian's errors."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cached_property, partial
from threading import Lock
from typing import Any, cast

from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError
from botocore.session import Session

from guardian.aws.begun import Begun
from guardian.aws.credentials import (
    Assumed,
    MemberSessions,
    session_of_many_accounts,
    signing_as,
)
from guardian.aws.faults import EXPIRED, code_of, translating
from guardian.aws.options import AwsOptions
from guardian.aws.regions import partition_of
from guardian.aws.restraint import asked_first, given_up
from guardian.aws.spelling import from_api, spelt_low, to_api
from guardian.aws.tally import CallTally
from guardian.clock import Clock
from guardian.ids import AccountId, Region, Target

Answer = Mapping[str, Any]
"""An API's answer as botocore parsed it."""

ROLE_SESSION_NAME = "guardian"
# A role assumed with a role's credentials, as in ECS, may last one hour at most.
ROLE_SECONDS = 3600


class Maker:
    """Makes the clients of an installation. One botocore session does for all: it takes as long as several clients."""

    def __init__(self) -> None:
        self._session = session_of_many_accounts()
        # The member role's session is good in opt-in regions only if a regional STS gave it.
        self._session.set_config_variable("sts_regional_endpoints", "regional")
        self._lock = Lock()
        self.user_agent = self._session.user_agent()

    def client(self, service: str, region: Region, config: Config) -> BaseClient:
        with self._lock:  # a botocore session is not thread-safe, the clients it makes are
            return self._session.create_client(service, region_name=region, config=config)


class Clients:
    """Calls AWS as guardian itself or, through the member role, as any account."""

    def __init__(self, options: AwsOptions, now: Clock, maker: Maker) -> None:
        self._options = options
        self._maker = maker
        self._config = _config(maker.user_agent, options)
        self._clients: dict[tuple[str, Region], BaseClient] = {}
        self._lock = Lock()
        self._now = now
        self._members = MemberSessions(self._assume, now)

    @cached_property
    def own_account(self) -> AccountId:
        """The account of guardian's own credentials."""
        return self._options.hub_account or AccountId(str(self.identity()["Account"]))

    @property
    def hub(self) -> Target:
        """Where guardian's own things are."""
        return Target(self.own_account, self._options.home_region)

    @property
    def calls(self) -> CallTally:
        """The calls that these and all other clients of the installation made."""
        return self._options.calls

    @property
    def begun(self) -> Begun:
        """The stack set operations that guardian began."""
        return self._options.begun

    def identity(self) -> Answer:
        """What STS says of guardian's own credentials: `Account`, `Arn`."""
        region = self._options.home_region
        somewhere = Target(self._options.hub_account or AccountId("own account"), region)
        with translating("sts:GetCallerIdentity", somewhere), signing_as(None):
            return _made(self._client("sts", region), "GetCallerIdentity", {})

    def call(
        self,
        where: Target,
        service: str,
        action: str,
        gone: Sequence[str] = (),
        /,
        **arguments: object,
    ) -> Answer:
        """Call an API by boto3's service name and the API's own action name (`glue`, `GetSession`).

        Arguments and answers are spelt in PascalCase, whatever the API's own spelling.
        `gone` are the words of an error that means that the thing does not exist. Raises guardian's errors.
        """
        with translating(f"{service}:{action}", where, gone), self.acting_as(where.account):
            return _made(self._client(service, where.region), action, arguments)

    def pages(
        self,
        where: Target,
        service: str,
        action: str,
        page: str = "NextToken",
        gone: Sequence[str] = (),
        /,
        **arguments: object,
    ) -> Iterator[Answer]:
        """Every page of a listing, empty ones included; `page` is the continuation key in answer and argument."""
        following: Mapping[str, object] = {}
        while True:
            answer = self.call(where, service, action, gone, **arguments, **following)
            yield answer
            if not answer.get(page):
                return
            following = {page: answer[page]}

    @contextmanager
    def acting_as(self, account: AccountId) -> Iterator[None]:
        """Sign the calls of this block for an account. Not to be held across a yield of a generator's own."""
        own = account == self.own_account
        with signing_as(None if own else self._members.of(account)):
            try:
                yield
            except ClientError as error:
                if code_of(error) in EXPIRED:
                    self._members.forget(account)
                raise

    def narrowed(self, account: AccountId, policy: str) -> "Clients":
        """The same clients, acting as one account with a session of its own that an IAM policy narrows.

        The session is forgotten with what is answered. Raises AccessDenied or Unavailable where there can be none.
        """
        own = account == self.own_account
        made = copy(self)
        made._members = MemberSessions(partial(self._assume, Policy=policy), self._now)  # noqa: SLF001 - its own kind
        if not own:
            made._members.of(account)  # noqa: SLF001 - its own kind
        return made

    def _assume(self, account: AccountId, **narrower: str) -> Assumed:
        partition = partition_of(self._options.home_region)
        answer = self.call(
            self.hub,
            "sts",
            "AssumeRole",
            **narrower,
            RoleArn=f"arn:{partition}:iam::{account}:role/{self._options.member_role}",
            RoleSessionName=ROLE_SESSION_NAME,
            DurationSeconds=ROLE_SECONDS,
        )
        given = answer["Credentials"]
        keys = ReadOnlyCredentials(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], account
        )
        return Assumed(keys, given["Expiration"])

    def _client(self, service: str, region: Region) -> BaseClient:
        with self._lock:
            if (service, region) not in self._clients:
                made = self._maker.client(service, region, self._config)
                self._options.calls.watch(made, service)
                given_up(made, self._options.ending)
                asked_first(made, self._options.acting)
                self._clients[service, region] = made
            return self._clients[service, region]

    @cached_property
    def _session(self) -> Session:
        session = session_of_many_accounts()
        # The member role's session is good in opt-in regions only if a regional STS gave it.
        session.set_config_variable("sts_regional_endpoints", "regional")
        return session

    @cached_property
    def _config(self) -> Config:
        return _config(self._session.user_agent(), self._options)


def _made(client: BaseClient, action: str, arguments: Mapping[str, object]) -> Answer:
    made = getattr(client, xform_name(action))
    model = client.meta.service_model.operation_model(action)
    if not spelt_low(model):
        return cast("Answer", made(**arguments))
    return from_api(made(**to_api(arguments, model.input_shape)), model.output_shape)


def _config(user_agent: str, options: AwsOptions) -> Config:
    elsewhere = any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ)
    return Config(
        connect_timeout=5,
        read_timeout=options.answer_within.total_seconds(),
        # Not `adaptive`: its bucket is the client's, and one throttled account would slow all.
        retries={"mode": "standard", "total_max_attempts": options.attempts},
        max_pool_connections=100,
        # Said once: what botocore puts together anew is a tenth of a call's work.
        user_agent=f"{user_agent} guardian",
        # Another endpoint, such as a local one, has no names below its own.
        inject_host_prefix=not elsewhere,
    )
