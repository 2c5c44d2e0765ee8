"""How people use SageMaker: notebook instances, Studio apps, jobs, endpoints."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from tests.scenario.life import At, Life, Tags, pairs

INSTANCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
IMAGE = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.3"
DAY = 86_400
MISSING = "missing"


def start_notebook(at: At, name: str, tags: Tags) -> str:
    at("sagemaker").create_notebook_instance(
        NotebookInstanceName=name,
        InstanceType="ml.t3.medium",
        RoleArn=at.role,
        Tags=pairs(tags),
    )
    return name


def prepare_studio(at: At) -> None:
    at("sagemaker").create_domain(
        DomainName="analytics",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": at.role},
        SubnetIds=["subnet-1"],
        VpcId="vpc-1",
    )
    at("sagemaker").create_user_profile(DomainId=domain(at), UserProfileName="ana")


def domain(at: At) -> str:
    return str(at("sagemaker").list_domains()["Domains"][0]["DomainId"])


def start_app(at: At, name: str, tags: Tags) -> str:
    space = {"DomainId": domain(at), "SpaceName": name}
    at("sagemaker").create_space(
        **space,
        OwnershipSettings={"OwnerUserProfileName": "ana"},
        SpaceSharingSettings={"SharingType": "Private"},
        SpaceSettings={"AppType": "JupyterLab"},
    )
    at("sagemaker").create_app(
        **space,
        AppType="JupyterLab",
        AppName="default",
        ResourceSpec={"InstanceType": "ml.m5.large"},
        Tags=pairs(tags),
    )
    return f"{space['DomainId']}//{name}/JupyterLab/default"


def space_of(identifier: str) -> dict[str, str]:
    of, _, name, _, _ = identifier.split("/")
    return {"DomainId": of, "SpaceName": name}


def app_of(identifier: str) -> dict[str, str]:
    return {**space_of(identifier), "AppType": "JupyterLab", "AppName": "default"}


def space_stays(at: At, identifier: str) -> bool:
    found = at("sagemaker").describe_space(**space_of(identifier))
    return bool(found["Status"] == "InService")


def prepare_endpoints(at: At) -> None:
    at("sagemaker").create_model(ModelName="churn", ExecutionRoleArn=at.role)
    variant = {"VariantName": "all", "ModelName": "churn", "InitialInstanceCount": 1}
    at("sagemaker").create_endpoint_config(
        EndpointConfigName="churn",
        ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}],
    )


def start_endpoint(at: At, name: str, tags: Tags) -> str:
    at("sagemaker").create_endpoint(
        EndpointName=name, EndpointConfigName="churn", Tags=pairs(tags)
    )
    return name


def endpoint_state(at: At, name: str) -> str:
    try:
        return str(at("sagemaker").describe_endpoint(EndpointName=name)["EndpointStatus"])
    except ClientError as error:
        if "Could not find" in str(error):
            return MISSING
        raise


def configuration_stays(at: At, _: str) -> bool:
    return bool(at("sagemaker").describe_endpoint_config(EndpointConfigName="churn"))


def start_training(at: At, name: str, tags: Tags) -> str:
    at("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=at.role,
        OutputDataConfig={"S3OutputPath": "s3://models"},
        ResourceConfig=INSTANCES,
        StoppingCondition={"MaxRuntimeInSeconds": DAY},
        Tags=pairs(tags),
    )
    return name


def start_processing(at: At, name: str, tags: Tags) -> str:
    at("sagemaker").create_processing_job(
        ProcessingJobName=name,
        ProcessingResources={"ClusterConfig": INSTANCES},
        AppSpecification={"ImageUri": IMAGE},
        RoleArn=at.role,
        StoppingCondition={"MaxRuntimeInSeconds": DAY},
        Tags=pairs(tags),
    )
    return name


SAGEMAKER: Mapping[str, Life] = {
    "sagemaker-app": Life(
        start_app,
        lambda at, i: at("sagemaker").describe_app(**app_of(i))["Status"],
        lambda at, i: at("sagemaker").delete_app(**app_of(i)),
        up="InService",
        over="Deleted",
        stop=("sagemaker", "DeleteApp"),
        prepare=prepare_studio,
        stays=space_stays,
    ),
    "sagemaker-endpoint": Life(
        start_endpoint,
        endpoint_state,
        lambda at, i: at("sagemaker").delete_endpoint(EndpointName=i),
        up="InService",
        over=MISSING,
        stop=("sagemaker", "DeleteEndpoint"),
        prepare=prepare_endpoints,
        stays=configuration_stays,
    ),
    "sagemaker-notebook": Life(
        start_notebook,
        lambda at, i: at("sagemaker").describe_notebook_instance(NotebookInstanceName=i)[
            "NotebookInstanceStatus"
        ],
        lambda at, i: at("sagemaker").stop_notebook_instance(NotebookInstanceName=i),
        up="InService",
        over="Stopped",
        stop=("sagemaker", "StopNotebookInstance"),
    ),
    "sagemaker-processing-job": Life(
        start_processing,
        lambda at, i: at("sagemaker").describe_processing_job(ProcessingJobName=i)[
            "ProcessingJobStatus"
        ],
        lambda at, i: at("sagemaker").stop_processing_job(ProcessingJobName=i),
        up="InProgress",
        over="Stopped",
        stop=("sagemaker", "StopProcessingJob"),
    ),
    "sagemaker-training-job": Life(
        start_training,
        lambda at, i: at("sagemaker").describe_training_job(TrainingJobName=i)[
            "TrainingJobStatus"
        ],
        lambda at, i: at("sagemaker").stop_training_job(TrainingJobName=i),
        up="InProgress",
        over="Stopped",
        stop=("sagemaker", "StopTrainingJob"),
    ),
}
