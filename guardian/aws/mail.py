"""Digests as mail: a text for the subscribers of an SNS topic."""

from dataclasses import replace

from guardian.aws.clients import Clients
from guardian.digest import Digest
from guardian.digest.letter import letter, subject
from guardian.errors import NotFound, Refused
from guardian.ids import Region

REGION = 3  # the part of an ARN


class AwsMail:
    """Publishes digests with guardian's own credentials; a reference is a message's id.

    SNS tells nobody what it has published, so that a digest is published again after a crash between publishing and
    marking it. Both have the same window in their subject and the same key.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def post(self, digest: Digest, key: str, resume: str = "") -> str:
        if resume:
            return resume
        try:
            answer = self._clients.call(
                replace(self._clients.hub, region=_region(digest.channel)),
                "sns",
                "Publish",
                TopicArn=digest.channel,
                Subject=subject(digest),
                Message=letter(digest),
                MessageAttributes={"guardian.key": {"DataType": "String", "StringValue": key}},
            )
        except NotFound as error:
            raise Refused(f"{digest.channel}: there is no such topic") from error
        return str(answer["MessageId"])

    def find(self, channel: str, key: str) -> str | None:
        """Always None: nobody can know."""
        del channel, key
        return None

    def check(self) -> None:
        self._clients.identity()


def _region(topic: str) -> Region:
    parts = topic.split(":")
    if len(parts) <= REGION:
        raise Refused(f"{topic}: is not the ARN of a topic")
    return Region(parts[REGION])
