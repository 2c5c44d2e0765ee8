"""How people use EMR: clusters and their sessions, EMR Serverless applications and theirs."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.scenario.conftest import eventually
from tests.scenario.life import At, Life, Tags, last, pairs

WORKERS = {"workerCount": 2, "workerConfiguration": {"cpu": "4vCPU", "memory": "16GB"}}


def start_cluster(at: At, name: str, tags: Tags, **more: Any) -> str:
    made = at("emr").run_job_flow(
        Name=name,
        ReleaseLabel="emr-spark-8.0.0",
        JobFlowRole="EMR_EC2_DefaultRole",
        ServiceRole="EMR_DefaultRole",
        Applications=[{"Name": "Spark"}],
        Instances={
            "MasterInstanceType": "m5.xlarge",
            "SlaveInstanceType": "m5.xlarge",
            "InstanceCount": 3,
            "KeepJobFlowAliveWhenNoSteps": True,
            **more,
        },
        SessionEnabled=bool(more),
        Tags=pairs(tags),
    )
    return str(made["JobFlowId"])


def cluster_state(at: At, cluster: str) -> str:
    return str(at("emr").describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["State"])


def run_step(at: At, cluster: str, seconds: int) -> None:
    work = {"Jar": "command-runner.jar", "Args": ["sleep", str(seconds)]}
    step = {"Name": "work", "ActionOnFailure": "CONTINUE", "HadoopJarStep": work}
    at("emr").add_job_flow_steps(JobFlowId=cluster, Steps=[step])


def prepare_cluster(at: At) -> None:
    host = start_cluster(at, "host", {}, TerminationProtected=True)
    eventually(lambda: cluster_state(at, host) == "WAITING")


def start_emr_session(at: At, name: str, tags: Tags) -> str:
    found = at("emr").list_clusters(ClusterStates=["WAITING"])["Clusters"]
    (host,) = (cluster["Id"] for cluster in found if cluster["Name"] == "host")
    timeout = {"SessionIdleTimeoutInMinutes": 1440}
    made = at("emr").start_session(ClusterId=host, Name=name, Tags=pairs(tags), **timeout)
    return f"{host}/{made['Id']}"


def emr_session_of(identifier: str) -> dict[str, str]:
    cluster, _, session = identifier.partition("/")
    return {"ClusterId": cluster, "SessionId": session}


def use_session(path: str) -> Callable[[At, str, int], None]:
    """Somebody has a session busy; its API has no call for that."""
    return lambda at, identifier, seconds: at.aws.post(
        path, {"session": last(identifier), "seconds": seconds}
    )


def make_application(at: At, name: str, tags: Tags, **more: Any) -> str:
    made = at("emr-serverless").create_application(
        name=name,
        releaseLabel="emr-7.13.0",
        type="SPARK",
        interactiveConfiguration={"sessionEnabled": True},
        autoStopConfiguration={"enabled": False},
        tags=dict(tags),
        **more,
    )
    application = str(made["applicationId"])
    eventually(lambda: application_state(at, application) == "CREATED")
    return application


def application_state(at: At, application: str) -> str:
    found = at("emr-serverless").get_application(applicationId=application)
    return str(found["application"]["state"])


def start_application(at: At, name: str, tags: Tags) -> str:
    application = make_application(at, name, tags, initialCapacity={"DRIVER": WORKERS})
    at("emr-serverless").start_application(applicationId=application)
    return application


def run_job(at: At, application: str, seconds: int) -> None:
    spark = {"entryPoint": "s3://jobs/job.py", "entryPointArguments": ["sleep", str(seconds)]}
    at("emr-serverless").start_job_run(
        applicationId=application, executionRoleArn=at.role, jobDriver={"sparkSubmit": spark}
    )


def start_serverless_session(at: At, name: str, tags: Tags) -> str:
    listed = at("emr-serverless").list_applications()["applications"]
    (host,) = (found["id"] for found in listed if found["name"] == "host")
    made = at("emr-serverless").start_session(
        applicationId=host,
        executionRoleArn=at.role,
        name=name,
        idleTimeoutMinutes=1440,
        tags=dict(tags),
    )
    return f"{host}/{made['sessionId']}"


def serverless_session_of(identifier: str) -> dict[str, str]:
    application, _, session = identifier.partition("/")
    return {"applicationId": application, "sessionId": session}


EMR: Mapping[str, Life] = {
    "emr-cluster": Life(
        start_cluster,
        cluster_state,
        lambda at, i: at("emr").terminate_job_flows(JobFlowIds=[i]),
        up="WAITING",
        over="TERMINATED",
        stop=("emr", "TerminateJobFlows"),
        work=run_step,
    ),
    "emr-serverless-application": Life(
        start_application,
        application_state,
        lambda at, i: at("emr-serverless").stop_application(applicationId=i),
        up="STARTED",
        over="STOPPED",
        stop=("emr-serverless", "StopApplication"),
        work=run_job,
    ),
    "emr-serverless-session": Life(
        start_serverless_session,
        lambda at, i: at("emr-serverless").get_session(**serverless_session_of(i))["session"][
            "state"
        ],
        lambda at, i: at("emr-serverless").terminate_session(**serverless_session_of(i)),
        up="IDLE",
        over="TERMINATED",
        stop=("emr-serverless", "TerminateSession"),
        prepare=lambda at: make_application(at, "host", {}),
        work=use_session("/localaws/emr-serverless/sessions/busy"),
    ),
    "emr-session": Life(
        start_emr_session,
        lambda at, i: at("emr").get_session(**emr_session_of(i))["Session"]["State"],
        lambda at, i: at("emr").terminate_session(**emr_session_of(i)),
        up="IDLE",
        over="TERMINATED",
        stop=("emr", "TerminateSession"),
        prepare=prepare_cluster,
        work=use_session("/localaws/emr/sessions/busy"),
    ),
}
