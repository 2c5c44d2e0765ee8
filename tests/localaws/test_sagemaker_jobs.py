import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually

ROLE = "arn:aws:iam::123456789012:role/SageMakerExec"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/xgb:1"
INSTANCES = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10}
DAY = 86_400


@pytest.fixture
def sagemaker(aws: Aws) -> Any:
    return aws("sagemaker")


def train(sagemaker: Any, name: str = "xgb", seconds: int = DAY, **more: Any) -> str:
    answer = sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://models/out"},
        ResourceConfig=INSTANCES,
        StoppingCondition={"MaxRuntimeInSeconds": seconds},
        **more,
    )
    return str(answer["TrainingJobArn"])


def process(sagemaker: Any, name: str = "clean", **more: Any) -> str:
    answer = sagemaker.create_processing_job(
        ProcessingJobName=name,
        ProcessingResources={"ClusterConfig": INSTANCES},
        AppSpecification={"ImageUri": IMAGE},
        RoleArn=ROLE,
        **more,
    )
    return str(answer["ProcessingJobArn"])


def transform(sagemaker: Any, name: str = "score") -> str:
    answer = sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName="churn",
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3"}}},
        TransformOutput={"S3OutputPath": "s3://scores"},
        TransformResources={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
    )
    return str(answer["TransformJobArn"])


def serve(sagemaker: Any, name: str = "llm-dev") -> str:
    """Create an endpoint, and its model and configuration unless they are there."""
    if not sagemaker.list_models()["Models"]:
        sagemaker.create_model(ModelName="churn", ExecutionRoleArn=ROLE)
        variant = {"VariantName": "all", "ModelName": "churn", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(
            EndpointConfigName="config",
            ProductionVariants=[{**variant, "InstanceType": "ml.m5.xlarge"}],
        )
    answer = sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="config")
    return str(answer["EndpointArn"])


def training(sagemaker: Any, name: str = "xgb") -> Any:
    return sagemaker.describe_training_job(TrainingJobName=name)


def serving(sagemaker: Any, name: str = "llm-dev") -> str:
    return str(sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"])


def error(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**request)
    found = raised.value.response["Error"]
    return found["Code"], found["Message"]


def test_a_training_job_runs_as_long_as_it_may(sagemaker: Any, eventually: Eventually) -> None:
    train(sagemaker, seconds=120)
    begun = training(sagemaker)
    assert (begun["TrainingJobStatus"], begun["SecondaryStatus"]) == ("InProgress", "Starting")
    eventually(lambda: training(sagemaker)["SecondaryStatus"] == "Training")
    eventually(lambda: training(sagemaker)["TrainingJobStatus"] == "Completed")
    job = training(sagemaker)
    assert job["TrainingEndTime"] - job["TrainingStartTime"] == timedelta(seconds=120)
    assert job["BillableTimeInSeconds"] == 120
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://models/out/xgb/output/model.tar.gz"
    transitions = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert transitions == ["Starting", "Training", "Completed"]


def test_a_stopped_training_job_stops_once(sagemaker: Any, eventually: Eventually) -> None:
    train(sagemaker)
    sagemaker.stop_training_job(TrainingJobName="xgb")
    assert training(sagemaker)["TrainingJobStatus"] in ("Stopping", "Stopped")
    eventually(lambda: training(sagemaker)["TrainingJobStatus"] == "Stopped")
    assert error(sagemaker.stop_training_job, TrainingJobName="xgb") == (
        "ValidationException",
        "The request was rejected because the training job is in status Stopped.",
    )


def test_a_job_stopped_before_it_began_was_never_billed(
    sagemaker: Any, eventually: Eventually
) -> None:
    train(sagemaker)
    sagemaker.stop_training_job(TrainingJobName="xgb")
    eventually(lambda: training(sagemaker)["TrainingJobStatus"] == "Stopped")
    assert not {"TrainingStartTime", "BillableTimeInSeconds"} & training(sagemaker).keys()


def test_a_training_job_tells_what_it_was_asked_for(sagemaker: Any) -> None:
    train(sagemaker, HyperParameters={"depth": "3"}, Environment={"STAGE": "dev"})
    job = training(sagemaker)
    assert job["HyperParameters"] == {"depth": "3"}
    assert job["Environment"] == {"STAGE": "dev"}
    assert job["ResourceConfig"] == INSTANCES
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": DAY}


def test_the_name_of_a_job_is_used_once(sagemaker: Any) -> None:
    arn = train(sagemaker)
    stopping = {"StoppingCondition": {"MaxRuntimeInSeconds": DAY}}
    request = {"TrainingJobName": "xgb", "RoleArn": ROLE, "ResourceConfig": INSTANCES, **stopping}
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    code, message = error(
        sagemaker.create_training_job,
        AlgorithmSpecification=algorithm,
        OutputDataConfig={"S3OutputPath": "s3://models"},
        **request,
    )
    assert (code, arn in message) == ("ResourceInUse", True)


def test_a_status_is_applied_to_each_page_of_training_jobs(
    sagemaker: Any, eventually: Eventually
) -> None:
    for number in range(4):
        train(sagemaker, f"job-{number}")
    sagemaker.stop_training_job(TrainingJobName="job-0")
    eventually(lambda: training(sagemaker, "job-0")["TrainingJobStatus"] == "Stopped")
    first = sagemaker.list_training_jobs(StatusEquals="InProgress", MaxResults=1)
    assert first["TrainingJobSummaries"] == []
    pages = sagemaker.get_paginator("list_training_jobs").paginate(
        StatusEquals="InProgress", PaginationConfig={"PageSize": 1}
    )
    found = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    assert found == ["job-1", "job-2", "job-3"]


def test_what_stops_between_two_pages_hides_no_other(
    sagemaker: Any, eventually: Eventually
) -> None:
    for number in range(3):
        process(sagemaker, f"job-{number}")
    request = {"StatusEquals": "InProgress", "MaxResults": 1}
    first = sagemaker.list_processing_jobs(**request)
    sagemaker.stop_processing_job(ProcessingJobName="job-0")
    stopped = {"StatusEquals": "Stopped"}
    eventually(lambda: sagemaker.list_processing_jobs(**stopped)["ProcessingJobSummaries"])
    second = sagemaker.list_processing_jobs(**request, NextToken=first["NextToken"])
    assert [job["ProcessingJobName"] for job in second["ProcessingJobSummaries"]] == ["job-1"]


def test_a_processing_job_is_stopped(sagemaker: Any, eventually: Eventually) -> None:
    process(sagemaker)

    def job() -> Any:
        return sagemaker.describe_processing_job(ProcessingJobName="clean")

    eventually(lambda: "ProcessingStartTime" in job())
    assert job()["ProcessingResources"] == {"ClusterConfig": INSTANCES}
    sagemaker.stop_processing_job(ProcessingJobName="clean")
    eventually(lambda: job()["ProcessingJobStatus"] == "Stopped")
    assert job()["ProcessingEndTime"] > job()["ProcessingStartTime"]
    code, _ = error(sagemaker.stop_processing_job, ProcessingJobName="clean")
    assert code == "ValidationException"


def test_a_transform_job_needs_a_model_and_is_stopped(
    sagemaker: Any, eventually: Eventually
) -> None:
    with pytest.raises(ClientError, match="Could not find model"):
        transform(sagemaker)
    sagemaker.create_model(ModelName="churn", ExecutionRoleArn=ROLE)
    transform(sagemaker)
    sagemaker.stop_transform_job(TransformJobName="score")
    eventually(
        lambda: (
            sagemaker.list_transform_jobs()["TransformJobSummaries"][0]["TransformJobStatus"]
            == "Stopped"
        )
    )


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("Training", "Requested resource not found."),
        ("Processing", "Could not find requested job with name: gone"),
        ("Transform", "Could not find requested job with name: gone"),
    ],
)
def test_an_unknown_job_is_a_validation_error(sagemaker: Any, kind: str, message: str) -> None:
    for action in ("describe", "stop"):
        call = getattr(sagemaker, f"{action}_{kind.lower()}_job")
        assert error(call, **{f"{kind}JobName": "gone"}) == ("ValidationException", message)


def test_jobs_have_tags(sagemaker: Any) -> None:
    arn = train(sagemaker, Tags=[{"Key": "owner", "Value": "ana"}])
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "bo"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "bo"}]
    assert error(sagemaker.list_tags, ResourceArn=f"{arn}-2")[0] == "ValidationException"


def test_what_local_aws_does_not_do_is_an_error(sagemaker: Any) -> None:
    serve(sagemaker)
    config = {"EndpointName": "llm-dev", "EndpointConfigName": "config"}
    assert error(sagemaker.update_endpoint, **config)[0] == "NotImplemented"
    assert error(sagemaker.search, Resource="TrainingJob")[0] == "NotImplemented"


def test_an_endpoint_is_created_and_goes_for_good(sagemaker: Any, eventually: Eventually) -> None:
    arn = serve(sagemaker)
    assert serving(sagemaker) == "Creating"
    assert error(sagemaker.delete_endpoint, EndpointName="llm-dev") == (
        "ValidationException",
        f'Cannot update in-progress endpoint "{arn}".',
    )
    eventually(lambda: serving(sagemaker) == "InService")
    sagemaker.delete_endpoint(EndpointName="llm-dev")
    left = sagemaker.list_endpoints()["Endpoints"]
    assert {endpoint["EndpointStatus"] for endpoint in left} <= {"Deleting"}
    eventually(lambda: sagemaker.list_endpoints()["Endpoints"] == [])
    for call in (sagemaker.describe_endpoint, sagemaker.delete_endpoint):
        missing = "ValidationException", f'Could not find endpoint "{arn}".'
        assert error(call, EndpointName="llm-dev") == missing
    assert sagemaker.describe_endpoint_config(EndpointConfigName="config")


def test_an_endpoint_is_created_once(sagemaker: Any) -> None:
    arn = serve(sagemaker)
    config = {"EndpointName": "llm-dev", "EndpointConfigName": "config"}
    code, message = error(sagemaker.create_endpoint, **config)
    assert (code, arn in message) == ("ValidationException", True)


def test_endpoints_are_listed_by_status_and_paged(sagemaker: Any, eventually: Eventually) -> None:
    names = [f"e-{number}" for number in range(3)]
    for name in names:
        serve(sagemaker, name)

    def listed(**request: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_endpoints").paginate(
            **request, PaginationConfig={"PageSize": 2}
        )
        return [endpoint["EndpointName"] for page in pages for endpoint in page["Endpoints"]]

    assert listed() == names[::-1]
    eventually(lambda: listed(StatusEquals="InService", SortBy="Name") == names[::-1])
    sagemaker.delete_endpoint(EndpointName="e-1")
    assert listed(StatusEquals="InService", SortOrder="Ascending") == ["e-0", "e-2"]
    assert error(sagemaker.list_endpoints, StatusEquals="Lost")[0] == "ValidationException"


def test_an_endpoint_goes_with_its_stack(aws: Aws, sagemaker: Any, eventually: Eventually) -> None:
    serve(sagemaker)
    cloudformation = aws("cloudformation")
    properties = {"EndpointConfigName": "config"}
    resource = {"Type": "AWS::SageMaker::Endpoint", "Properties": properties}
    cloudformation.create_stack(
        StackName="endpoint", TemplateBody=json.dumps({"Resources": {"Endpoint": resource}})
    )
    eventually(lambda: len(sagemaker.list_endpoints()["Endpoints"]) == 2)
    cloudformation.delete_stack(StackName="endpoint")
    eventually(lambda: len(sagemaker.list_endpoints()["Endpoints"]) == 1)
    assert serving(sagemaker) in ("Creating", "InService")


def test_the_trail_records_jobs_and_endpoints(
    aws: Aws, sagemaker: Any, eventually: Eventually
) -> None:
    job, endpoint = train(sagemaker), serve(sagemaker)

    def record(name: str) -> Any:
        attribute = {"AttributeKey": "EventName", "AttributeValue": name}
        (found,) = eventually(
            lambda: aws("cloudtrail").lookup_events(LookupAttributes=[attribute])["Events"]
        )
        return json.loads(found["CloudTrailEvent"])

    created = record("CreateTrainingJob")
    assert created["requestParameters"]["trainingJobName"] == "xgb"
    assert created["requestParameters"]["stoppingCondition"] == {"maxRuntimeInSeconds": DAY}
    assert created["requestParameters"]["resourceConfig"]["volumeSizeInGB"] == 10
    assert created["responseElements"] == {"trainingJobArn": job}
    created = record("CreateEndpoint")
    assert created["requestParameters"] == {
        "endpointName": "llm-dev",
        "endpointConfigName": "config",
    }
    assert created["responseElements"] == {"endpointArn": endpoint}
