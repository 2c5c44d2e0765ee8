"""What people do in a local organization: they open sessions and forget them, and break what others built."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guardian.localaws.estate import ADMIN_ROLE, Estate


@dataclass(frozen=True)
class Person:
    """Somebody at work in one account and region."""

    estate: Estate
    name: str
    account: str
    region: str

    def client(self, service: str) -> Any:
        keys = self.estate.assume(self.account, ADMIN_ROLE, self.name, self.region)
        return self.estate.client(service, self.region, keys)

    def open_data_preview(self, session: str) -> str:
        """Open a Glue Studio data preview, as Glue Studio does for every browser tab; answer the session's id."""
        self.client("glue").create_session(
            Id=session,
            Role=f"arn:aws:iam::{self.account}:role/{ADMIN_ROLE}",
            Command={"Name": "glueetl", "PythonVersion": "3"},
            IdleTimeout=30,
            MaxCapacity=2.0,
            GlueVersion="4.0",
            RequestOrigin="GlueStudioDataPreview",
        )
        return session

    def open_glue_session(self, session: str, tags: Mapping[str, str] | None = None) -> str:
        """Open a Glue notebook session of five workers that would idle for two days."""
        self.client("glue").create_session(
            Id=session,
            Role=f"arn:aws:iam::{self.account}:role/{ADMIN_ROLE}",
            Command={"Name": "glueetl", "PythonVersion": "3"},
            NumberOfWorkers=5,
            WorkerType="G.1X",
            GlueVersion="4.0",
            Tags=dict(tags or {}),
        )
        return session

    def open_notebook(self, name: str, instance: str) -> str:
        """Make a SageMaker notebook instance, which starts it."""
        self.client("sagemaker").create_notebook_instance(
            NotebookInstanceName=name,
            InstanceType=instance,
            RoleArn=f"arn:aws:iam::{self.account}:role/{ADMIN_ROLE}",
        )
        return name

    def open_cluster(self, name: str) -> str:
        """Start an EMR cluster that stays when it has nothing to do; answer its id."""
        made = self.client("emr").run_job_flow(
            Name=name,
            ReleaseLabel="emr-7.1.0",
            JobFlowRole="EMR_EC2_DefaultRole",
            ServiceRole="EMR_DefaultRole",
            Instances={
                "MasterInstanceType": "m5.xlarge",
                "SlaveInstanceType": "m5.xlarge",
                "InstanceCount": 3,
                "KeepJobFlowAliveWhenNoSteps": True,
            },
        )
        return str(made["JobFlowId"])

    def disable_rule(self, name: str) -> None:
        self.client("events").disable_rule(Name=name)

    def delete_rule(self, name: str) -> None:
        """Delete a rule with its targets."""
        events = self.client("events")
        ids = [target["Id"] for target in events.list_targets_by_rule(Rule=name)["Targets"]]
        events.remove_targets(Rule=name, Ids=ids)
        events.delete_rule(Name=name)

    def defuse_machine(self, name: str) -> None:
        """Edit a state machine so that it does nothing."""
        harmless = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
        arn = f"arn:aws:states:{self.region}:{self.account}:stateMachine:{name}"
        machines = self.client("stepfunctions")
        machines.update_state_machine(stateMachineArn=arn, definition=json.dumps(harmless))
