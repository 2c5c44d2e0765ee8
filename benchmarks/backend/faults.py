"""Which calls fail, and how. The same call of the same account meets the same faults whatever else goes on."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b

from benchmarks.backend.seed import Seed


class Fault(Enum):
    """What happens to a call. A LATE one has done its work."""

    NONE = "none"
    THROTTLE = "throttle"
    ERROR = "error"
    LATE_ERROR = "late error"
    TIMEOUT = "timeout"
    LATE_TIMEOUT = "late timeout"

    @property
    def works(self) -> bool:
        """Whether the call does its work."""
        return self in {Fault.NONE, Fault.LATE_ERROR, Fault.LATE_TIMEOUT}

    @property
    def hangs(self) -> bool:
        return self in {Fault.TIMEOUT, Fault.LATE_TIMEOUT}


@dataclass
class Dice:
    """`_thrown` counts how often each call was made: the next attempt has another fate."""

    seed: Seed
    _thrown: Counter[bytes] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.denied, self.hanging = self.seed.troubled

    def throw(self, account: str, region: str, action: str, asked: bytes) -> Fault:
        """The fate of a call into an account; `asked` is what tells it from its like."""
        if account in self.hanging and action != "AssumeRole":
            return Fault.TIMEOUT
        faults = self.seed.faults
        if not faults.any:
            return Fault.NONE
        digest = blake2b(f"{faults.seed}|{account}|{region}|{action}|".encode() + asked)
        call = digest.digest()[:16]
        digest.update(f"|{self._thrown[call]}".encode())
        self._thrown[call] += 1
        thrown = digest.digest()
        return self._fate(int.from_bytes(thrown[:6], "big") / (1 << 48), late=bool(thrown[6] & 1))

    def _fate(self, share: float, *, late: bool) -> Fault:
        faults = self.seed.faults
        if share < faults.throttles:
            return Fault.THROTTLE
        if share < faults.throttles + faults.errors:
            return Fault.LATE_ERROR if late else Fault.ERROR
        if share < faults.throttles + faults.errors + faults.timeouts:
            return Fault.LATE_TIMEOUT if late else Fault.TIMEOUT
        return Fault.NONE
