"""How people use things of every kind; here Athena, EC2 and Glue."""

from collections.abc import Mapping

from tests.scenario.life import At, Life, Tags, last, pairs
from tests.scenario.lives_emr import EMR
from tests.scenario.lives_sagemaker import SAGEMAKER

GROUP = "notebooks"


def prepare_workgroup(at: At) -> None:
    engine = {"EngineVersion": {"SelectedEngineVersion": "PySpark engine version 3"}}
    at("athena").create_work_group(Name=GROUP, Configuration=engine)


def start_athena_session(at: At, _: str, tags: Tags) -> str:
    made = at("athena").start_session(
        WorkGroup=GROUP,
        EngineConfiguration={"CoordinatorDpuSize": 1, "MaxConcurrentDpus": 20},
        SessionIdleTimeoutInMinutes=480,
        Tags=pairs(tags),
    )
    return f"{GROUP}/{made['SessionId']}"


def calculate(at: At, identifier: str, seconds: int) -> None:
    code = f"import time; time.sleep({seconds})"
    at("athena").start_calculation_execution(SessionId=last(identifier), CodeBlock=code)


def launch(at: At, tags: Tags, count: int = 1) -> list[str]:
    made = at("ec2").run_instances(
        ImageId="ami-0abcdef1234567890",
        MinCount=count,
        MaxCount=count,
        InstanceType="m6i.large",
        TagSpecifications=[{"ResourceType": "instance", "Tags": pairs(tags)}] if tags else [],
    )
    return [str(instance["InstanceId"]) for instance in made["Instances"]]


def instance_state(at: At, instance: str) -> str:
    (found,) = at("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    return str(found["Instances"][0]["State"]["Name"])


def start_glue_session(at: At, name: str, tags: Tags) -> str:
    return at.person.open_glue_session(name, tags)


def start_job_run(at: At, name: str, tags: Tags) -> str:
    command = {"Name": "glueetl", "ScriptLocation": "s3://jobs/etl.py"}
    at("glue").create_job(
        Name=name, Role=at.role, Command=command, GlueVersion="4.0", Tags=dict(tags)
    )
    return f"{name}/{at('glue').start_job_run(JobName=name)['JobRunId']}"


def job_run(identifier: str) -> dict[str, str]:
    name, _, run = identifier.rpartition("/")
    return {"JobName": name, "RunId": run}


_OTHERS: Mapping[str, Life] = {
    "athena-session": Life(
        start_athena_session,
        lambda at, i: at("athena").get_session_status(SessionId=last(i))["Status"]["State"],
        lambda at, i: at("athena").terminate_session(SessionId=last(i)),
        up="IDLE",
        over="TERMINATED",
        stop=("athena", "TerminateSession"),
        prepare=prepare_workgroup,
        work=calculate,
    ),
    "ec2-instance": Life(
        lambda at, _, tags: launch(at, tags)[0],
        instance_state,
        lambda at, i: at("ec2").stop_instances(InstanceIds=[i]),
        up="running",
        over="stopped",
        stop=("ec2", "StopInstances"),
    ),
    "glue-job-run": Life(
        start_job_run,
        lambda at, i: at("glue").get_job_run(**job_run(i))["JobRun"]["JobRunState"],
        lambda at, i: at("glue").batch_stop_job_run(
            JobName=job_run(i)["JobName"], JobRunIds=[job_run(i)["RunId"]]
        ),
        up="RUNNING",
        over="STOPPED",
        stop=("glue", "BatchStopJobRun"),
    ),
    "glue-session": Life(
        start_glue_session,
        lambda at, i: at("glue").get_session(Id=i)["Session"]["Status"],
        lambda at, i: at("glue").stop_session(Id=i),
        up="READY",
        over="STOPPED",
        stop=("glue", "StopSession"),
    ),
}
LIVES = {**_OTHERS, **EMR, **SAGEMAKER}
