"""Drift of stack sets: found instance by instance, told of the set, repaired by no update."""

from tests.localaws.stacksets.conftest import REGIONS, Estate, everywhere, template


def tamper(estate: Estate, account: str) -> None:
    sqs = estate.aws("sqs", REGIONS[0], account)
    url = sqs.get_queue_url(QueueName="guarded")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "9"})


def stated() -> str:
    return template(DelaySeconds=0)


def test_drift_is_told_of_instances_resources_and_the_set(estate: Estate) -> None:
    good, bad = estate.account("good", estate.data), estate.account("bad", estate.data)
    estate.create_set(TemplateBody=stated())
    estate.run("create_stack_instances", estate.data)
    tamper(estate, bad)

    operation = estate.start("detect_stack_set_drift")

    assert estate.status(operation) == "RUNNING"
    assert estate.finish(operation) == "SUCCEEDED"
    drifted = estate.instances(Filters=[{"Name": "DRIFT_STATUS", "Values": "DRIFTED"}])
    assert set(drifted) == {(bad, REGIONS[0])}
    assert set(estate.instances()) == everywhere(good, bad)
    details = estate.api.describe_stack_set(StackSetName="guardian")["StackSet"][
        "StackSetDriftDetectionDetails"
    ]
    assert (details["DriftStatus"], details["DriftDetectionStatus"]) == ("DRIFTED", "COMPLETED")
    assert (details["DriftedStackInstancesCount"], details["InSyncStackInstancesCount"]) == (1, 3)
    [found] = estate.api.list_stack_instance_resource_drifts(
        StackSetName="guardian",
        StackInstanceAccount=bad,
        StackInstanceRegion=REGIONS[0],
        OperationId=operation,
    )["Summaries"]
    assert found["StackResourceDriftStatus"] == "MODIFIED"
    [difference] = found["PropertyDifferences"]
    assert difference["PropertyPath"] == "/DelaySeconds"
    assert (difference["ExpectedValue"], difference["ActualValue"]) == ("0", "9")
    assert difference["DifferenceType"] == "NOT_EQUAL"


def test_an_update_with_the_same_template_repairs_nothing(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set(TemplateBody=stated())
    estate.run("create_stack_instances", estate.data)
    tamper(estate, account)

    assert estate.run("update_stack_set", UsePreviousTemplate=True) == "SUCCEEDED"
    assert estate.run("update_stack_instances", estate.data) == "SUCCEEDED"

    assert estate.attribute(account, "DelaySeconds") == "9"
    assert estate.statuses() == {account: ("CURRENT", "SUCCEEDED")}


def test_deleting_and_creating_the_instance_repairs_it(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set(TemplateBody=stated())
    estate.run("create_stack_instances", estate.data)
    tamper(estate, account)

    estate.run("delete_stack_instances", estate.data)
    estate.run("create_stack_instances", estate.data)

    assert estate.attribute(account, "DelaySeconds") == "0"
