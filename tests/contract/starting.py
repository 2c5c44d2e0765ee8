"""One of each governed kind, started as people do."""

from collections.abc import Callable
from typing import Any

import pytest

from guardian.kinds.base import Kind
from tests.localaws.conftest import Aws, Eventually

TAGS = {"owner": "ana"}
PAIRS = [{"Key": "owner", "Value": "ana"}]
DAY = 86_400
INSTANCES = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 10}
WARM = {
    "Driver": {
        "workerCount": 2,
        "workerConfiguration": {"cpu": "4vCPU", "memory": "16GB"},
    }
}


class Account:
    """An account in which somebody works: its clients, by boto3's names of the services."""

    def __init__(self, boto: Aws, name: str, eventually: Eventually) -> None:
        self.id, self.eventually = name, eventually
        self._boto = boto
        self._clients: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._boto(service, account=self.id)
        return self._clients[service]

    def role(self, name: str) -> str:
        return f"arn:aws:iam::{self.id}:role/{name}"


def start(kind: Kind, account: Account, name: str) -> str:
    """Start one of a kind; answers its id. Its tag `owner` says `ana`."""
    if kind.key not in STARTERS:
        pytest.fail(f"tests/contract/starting.py cannot start a {kind.key}: it needs a function")
    return STARTERS[kind.key](account, name)


def glue_session(account: Account, name: str) -> str:
    account("glue").create_session(
        Id=name,
        Role=account.role("Glue"),
        Command={"Name": "glueetl", "PythonVersion": "3"},
        WorkerType="G.1X",
        NumberOfWorkers=5,
        IdleTimeout=2880,
        Tags=TAGS,
    )
    return name


def glue_job_run(account: Account, name: str) -> str:
    account("glue").create_job(
        Name=name,
        Role=account.role("Glue"),
        Command={"Name": "glueetl"},
        GlueVersion="4.0",
        WorkerType="G.2X",
        NumberOfWorkers=5,
        Tags=TAGS,
    )
    run = account("glue").start_job_run(JobName=name, Arguments={"--sleep": str(DAY)})
    return f"{name}/{run['JobRunId']}"


def athena_session(account: Account, name: str) -> str:
    spark = {"EngineVersion": {"SelectedEngineVersion": "PySpark engine version 3"}}
    account("athena").create_work_group(Name=name, Configuration=spark)
    session = account("athena").start_session(
        WorkGroup=name,
        EngineConfiguration={"CoordinatorDpuSize": 1, "MaxConcurrentDpus": 20},
        SessionIdleTimeoutInMinutes=480,
        Tags=PAIRS,
    )
    return f"{name}/{session['SessionId']}"


def ec2_instance(account: Account, name: str, **more: Any) -> str:
    # Two calls of one name are two runs: what is launched together has a test of its own.
    (instance,) = ec2_instances(account, 1, ClientToken=name, **more)
    return instance


def ec2_instances(account: Account, count: int, **more: Any) -> list[str]:
    launched = account("ec2").run_instances(
        ImageId="ami-0abcdef1234567890",
        MinCount=count,
        MaxCount=count,
        InstanceType="m6i.large",
        TagSpecifications=[{"ResourceType": "instance", "Tags": PAIRS}],
        **more,
    )
    return [instance["InstanceId"] for instance in launched["Instances"]]


def emr_cluster(account: Account, name: str, **more: Any) -> str:
    group = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
    instances = {"InstanceGroups": [group], "KeepJobFlowAliveWhenNoSteps": True, **more}
    started = account("emr").run_job_flow(
        Name=name, ReleaseLabel="emr-7.10.0", Instances=instances, Tags=PAIRS
    )
    return str(started["JobFlowId"])


def emr_session(account: Account, name: str) -> str:
    emr = account("emr")
    group = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
    cluster = emr.run_job_flow(
        Name=name,
        ReleaseLabel="emr-spark-8.0.0",
        Instances={"InstanceGroups": [group], "KeepJobFlowAliveWhenNoSteps": True},
        Applications=[{"Name": "Spark"}],
        SessionEnabled=True,
    )["JobFlowId"]

    def waits() -> bool:
        status = emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]
        return bool(status["State"] == "WAITING")

    account.eventually(waits)
    session = emr.start_session(
        ClusterId=cluster, Name=name, SessionIdleTimeoutInMinutes=1440, Tags=PAIRS
    )
    return f"{cluster}/{session['Id']}"


def emr_serverless_application(account: Account, name: str, **more: Any) -> str:
    application = serverless(account, name, **{"initialCapacity": WARM, **more})
    account("emr-serverless").start_application(applicationId=application)
    return application


def emr_serverless_session(account: Account, name: str) -> str:
    application = serverless(account, name, interactiveConfiguration={"sessionEnabled": True})
    session = account("emr-serverless").start_session(
        applicationId=application,
        executionRoleArn=account.role("Runtime"),
        idleTimeoutMinutes=1440,
        tags=TAGS,
    )
    return f"{application}/{session['sessionId']}"


def serverless(account: Account, name: str, **more: Any) -> str:
    """Create an application of EMR Serverless; answers its id once it may be started."""
    api = account("emr-serverless")
    application = api.create_application(
        name=name,
        releaseLabel="emr-7.13.0",
        type="SPARK",
        autoStopConfiguration={"enabled": True, "idleTimeoutMinutes": 10_080},
        tags=TAGS,
        **more,
    )["applicationId"]

    def created() -> bool:
        state = api.get_application(applicationId=application)["application"]["state"]
        return bool(state == "CREATED")

    account.eventually(created)
    return str(application)


def sagemaker_notebook(account: Account, name: str) -> str:
    account("sagemaker").create_notebook_instance(
        NotebookInstanceName=name,
        InstanceType="ml.t3.medium",
        RoleArn=account.role("SageMaker"),
        Tags=PAIRS,
    )
    return name


def sagemaker_app(account: Account, name: str) -> str:
    """An app of a space of its own."""
    domain, sagemaker = studio(account), account("sagemaker")
    sagemaker.create_space(
        DomainId=domain,
        SpaceName=name,
        OwnershipSettings={"OwnerUserProfileName": "ana"},
        SpaceSharingSettings={"SharingType": "Private"},
    )
    app = {"SpaceName": name, "AppType": "JupyterLab", "AppName": "Default"}
    sagemaker.create_app(DomainId=domain, Tags=PAIRS, **app)
    return f"{domain}//{name}/JupyterLab/Default"


def studio_app(account: Account, name: str, kind: str = "KernelGateway") -> str:
    """An app of a user profile."""
    domain = studio(account)
    account("sagemaker").create_app(
        DomainId=domain, UserProfileName="ana", AppType=kind, AppName=name
    )
    return f"{domain}/ana//{kind}/{name}"


def studio(account: Account) -> str:
    """The id of the account's domain with a user profile `ana`, made if need be."""
    sagemaker = account("sagemaker")
    found = sagemaker.list_domains()["Domains"]
    if found:
        return str(found[0]["DomainId"])
    domain = sagemaker.create_domain(
        DomainName="analytics",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": account.role("SageMaker")},
        SubnetIds=["subnet-1"],
        VpcId="vpc-1",
    )["DomainId"]
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="ana")
    return str(domain)


def sagemaker_training_job(account: Account, name: str) -> str:
    account("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": "xgb:1", "TrainingInputMode": "File"},
        RoleArn=account.role("SageMaker"),
        OutputDataConfig={"S3OutputPath": "s3://models/out"},
        ResourceConfig=INSTANCES,
        StoppingCondition={"MaxRuntimeInSeconds": DAY},
        Tags=PAIRS,
    )
    return name


def sagemaker_processing_job(account: Account, name: str) -> str:
    account("sagemaker").create_processing_job(
        ProcessingJobName=name,
        ProcessingResources={"ClusterConfig": INSTANCES},
        AppSpecification={"ImageUri": "clean:1"},
        RoleArn=account.role("SageMaker"),
        StoppingCondition={"MaxRuntimeInSeconds": DAY},
        Tags=PAIRS,
    )
    return name


def sagemaker_endpoint(account: Account, name: str) -> str:
    sagemaker = account("sagemaker")
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=account.role("SageMaker"))
    variant = {"VariantName": "all", "ModelName": name, "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[{**variant, "InstanceType": "ml.m5.xlarge"}],
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=PAIRS)
    return name


STARTERS: dict[str, Callable[[Account, str], str]] = {
    "athena-session": athena_session,
    "ec2-instance": ec2_instance,
    "emr-cluster": emr_cluster,
    "emr-serverless-application": emr_serverless_application,
    "emr-serverless-session": emr_serverless_session,
    "emr-session": emr_session,
    "glue-job-run": glue_job_run,
    "glue-session": glue_session,
    "sagemaker-app": sagemaker_app,
    "sagemaker-endpoint": sagemaker_endpoint,
    "sagemaker-notebook": sagemaker_notebook,
    "sagemaker-processing-job": sagemaker_processing_job,
    "sagemaker-training-job": sagemaker_training_job,
}
