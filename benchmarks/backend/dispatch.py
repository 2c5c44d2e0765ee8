"""From a request to its answer: who signed it, what it asks, what befalls it, who answers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.backend.call import Call, Handler
from benchmarks.backend.estate import Estate, Stopped
from benchmarks.backend.failures import Failure
from benchmarks.backend.faults import Dice, Fault
from benchmarks.backend.keys import MixedUp, Signer, scope_of, signer_of
from benchmarks.backend.protocols import (
    Asked,
    Protocol,
    json_protocol,
    query_protocol,
    rest_protocol,
)
from benchmarks.backend.record import Made, Record
from benchmarks.backend.seed import FIRST_DIGITS, HUB
from benchmarks.backend.services import (
    athena,
    emr,
    emr_serverless,
    glue,
    organizations,
    sagemaker,
    sts,
    trail,
)
from benchmarks.backend.wire import Reply, Request

_ACCOUNT = re.compile(rf"{FIRST_DIGITS}\d{{8}}")
_TRAIL = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"


@dataclass(frozen=True)
class Service:
    protocol: Protocol
    calls: Mapping[str, Handler]
    throttled: str = "ThrottlingException"


SERVICES: Mapping[str, Service] = {
    "athena": Service(json_protocol("AmazonAthena"), athena.CALLS),
    "cloudtrail": Service(json_protocol(_TRAIL), trail.CALLS),
    "elasticmapreduce": Service(json_protocol("ElasticMapReduce"), emr.CALLS),
    "emr-serverless": Service(rest_protocol(emr_serverless.ROUTES), emr_serverless.CALLS),
    "glue": Service(json_protocol("AWSGlue"), glue.CALLS),
    "monitoring": Service(json_protocol("GraniteServiceVersion20100801", "1.0"), emr.METRICS),
    "organizations": Service(
        json_protocol("AWSOrganizationsV20161128"), organizations.CALLS, "TooManyRequestsException"
    ),
    "sagemaker": Service(json_protocol("SageMaker"), sagemaker.CALLS),
    "sts": Service(
        query_protocol("https://sts.amazonaws.com/doc/2011-06-15/"), sts.CALLS, "Throttling"
    ),
}
"""By the names that requests are signed for."""
_UNKNOWN = Service(json_protocol(""), {})


@dataclass(frozen=True)
class Outcome:
    """`reply` is None where the caller waits for ever. `stops` are those that it will then know of."""

    reply: Reply | None
    stops: list[Stopped] = field(default_factory=list)


class Backend:
    """The AWS of one seed."""

    def __init__(self, estate: Estate, clock: Callable[[], float]) -> None:
        self.estate = estate
        self.record = Record()
        self._dice = Dice(estate.seed)
        self._clock = clock

    def serve(self, request: Request) -> Outcome:
        """Do what a request asks, unless a fault is due."""
        service = _service(request)
        try:
            signer = self._signer(request)
            asked = service.protocol.asked(request)
            made = self._made(signer, asked)
            self.record.calls[made] += 1
            self._check_known(service, made, request)
            self._check_account(signer, made, request)
            call = Call(self.estate, signer, *asked, self._clock())
            return self._befallen(service, call, made, request)
        except Failure as failure:
            self.record.refusals[failure.code] += 1
            return Outcome(service.protocol.refused(failure))

    def _signer(self, request: Request) -> Signer:
        try:
            return signer_of(request, self._clock())
        except MixedUp as mixed:
            self.record.mixed_up.append(str(mixed))
            raise

    def _made(self, signer: Signer, asked: Asked) -> Made:
        action, arguments = asked
        concerns, _ = sts.role_of(arguments) if action == "AssumeRole" else (signer.account, "")
        return Made(concerns or signer.account, signer.region, signer.service, action)

    def _check_known(self, service: Service, made: Made, request: Request) -> None:
        if made.action not in service.calls:
            what = f"{made.service}:{made.action or request.target}"
            self.record.unknown[what] += 1
            code = "InvalidAction" if made.service == "sts" else "UnknownOperationException"
            raise Failure(code, f"this backend does not know {what}")

    def _befallen(self, service: Service, call: Call, made: Made, request: Request) -> Outcome:
        fault = Fault.NONE
        if made.account != HUB:
            fault = self._dice.throw(made.account, made.region, made.action, _told_apart(request))
        if fault is Fault.NONE:
            return Outcome(_answered(service, call), call.stops)
        self.record.faults[fault.value] += 1
        if fault.works:
            self._worked(service, call)
        return Outcome(None if fault.hangs else service.protocol.refused(_failure(service, fault)))

    def _worked(self, service: Service, call: Call) -> None:
        """Do the work of a call whose answer is lost."""
        try:
            _answered(service, call)
        except Failure as failure:
            self.record.refusals[failure.code] += 1

    def _check_account(self, signer: Signer, made: Made, request: Request) -> None:
        """Note a call that names a resource of an account other than its signer's."""
        if made.service in {"sts", "organizations"}:
            return
        text = request.target + request.body.decode("utf-8", "replace")
        others = {*_ACCOUNT.findall(text)} & self.estate.accounts - {signer.account}
        if others:
            told = ", ".join(sorted(others))
            self.record.mixed_up.append(f"{made.action} signed by {signer.account} names {told}")


def _service(request: Request) -> Service:
    match scope_of(request):
        case [_, _, _, name, _]:
            return SERVICES.get(name, _UNKNOWN)
        case _:
            return _UNKNOWN


def _told_apart(request: Request) -> bytes:
    return request.method.encode() + request.target.encode() + request.body


def _answered(service: Service, call: Call) -> Reply:
    return service.protocol.answered(call.action, service.calls[call.action](call))


def _failure(service: Service, fault: Fault) -> Failure:
    if fault is Fault.THROTTLE:
        return Failure(service.throttled, "Rate exceeded")
    return Failure("InternalFailure", "An internal error has occurred", 500)
