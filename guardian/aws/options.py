"""What the adapters have to know of the installation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from guardian.aws.begun import Begun
from guardian.aws.tally import CallTally
from guardian.ids import AccountId, Region

CallAs = Literal["SELF", "DELEGATED_ADMIN"]


@dataclass(frozen=True)
class AwsOptions:
    """`home_region` is where the hub and its stack sets are; `prefix` begins the names of all that guardian made.

    `hub_account` is asked of STS when it is None; `hub_region` is where its bus is, the home region where it is None.
    `poll` lies between the first two looks at a stack set operation
    (the pauses grow), `patience` is how long an operation is watched before it is left to run alone.
    An answer is waited for no longer than `answer_within`, and then asked for again, at most `attempts` times in all.
    `templates` is the `s3://bucket/prefix` for those that are too large for a call, empty where there is none.
    `management_role` is guardian's own in the management account, empty where that account is not governed.
    `calls` counts every call of the adapters, `begun` knows the stack set operations that they began. `ending` tells
    that guardian was told to stop: then a call that got no good answer is not tried again. `acting` is called before
    every attempt at a call, and raises where guardian may make none.
    """

    home_region: Region
    member_role: str = "guardian-member"
    prefix: str = "guardian"
    call_as: CallAs = "SELF"
    hub_account: AccountId | None = None
    hub_region: Region | None = None
    queue_url: str = ""
    templates: str = ""
    management_role: str = ""
    poll: timedelta = timedelta(seconds=2)
    patience: timedelta = timedelta(hours=6)
    answer_within: timedelta = timedelta(seconds=30)
    attempts: int = 4
    calls: CallTally = field(default_factory=CallTally, compare=False)
    begun: Begun = field(default_factory=Begun, compare=False)
    ending: Callable[[], bool] = field(default=bool, compare=False)
    acting: Callable[[], object] = field(default=bool, compare=False)
