"""The sweep over notebooks that people write themselves with boto3, a session for each account.

`python -m benchmarks.sweepers.boto sequential|threads ACCOUNT ...`
"""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import boto3

from benchmarks.backend.process import Seeded
from benchmarks.backend.seed import MEMBER_ROLE
from benchmarks.sweepers.measured import Command

GRACE = timedelta(days=1)
AT_ONCE = 64
"""As many threads as guardian has."""


def command(how: str, seeded: Seeded) -> Command:
    """The program as a process of its own."""
    arguments = [sys.executable, "-m", __name__, how, *seeded.accounts]
    return Command(arguments, {**os.environ, **seeded.environment})


def sweep(now: datetime, account: str) -> None:
    """Stop the notebooks of an account that are due and have no tag that keeps them."""
    answer = (
        boto3.session.Session()
        .client("sts")
        .assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{MEMBER_ROLE}", RoleSessionName="benchmark"
        )
    )
    keys = answer["Credentials"]
    session = boto3.session.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
    )
    notebooks = session.client("sagemaker")
    for page in notebooks.get_paginator("list_notebook_instances").paginate(
        StatusEquals="InService"
    ):
        for listed in page["NotebookInstances"]:
            name = listed["NotebookInstanceName"]
            found = notebooks.describe_notebook_instance(NotebookInstanceName=name)
            tags = notebooks.list_tags(ResourceArn=found["NotebookInstanceArn"])["Tags"]
            kept = any(tag["Key"] == "guardian" for tag in tags)
            if not kept and found["LastModifiedTime"] + GRACE < now:
                notebooks.stop_notebook_instance(NotebookInstanceName=name)


def main(how: str, accounts: Sequence[str]) -> None:
    look_into = partial(sweep, datetime.now(UTC))
    if how == "sequential":
        for account in accounts:
            look_into(account)
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in pool.map(look_into, accounts):
            assert done is None  # noqa: S101  an exception is raised here


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
