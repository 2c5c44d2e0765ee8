"""Statements made from calls."""

from guardian.kinds.base import Call
from guardian.stack.iam import allow, service_trust, statements

LIST = Call("glue", "ListSessions", {})
LOOK = Call("glue", "GetSession", {}, "arn:{partition}:glue:{region}:{account}:session/*")
STOP = Call("glue", "StopSession", {}, "arn:{partition}:glue:{region}:{account}:session/*")
EMR = Call("emr", "ListClusters", {}, iam="elasticmapreduce")


def test_calls_on_one_resource_share_a_statement() -> None:
    where = {"Fn::Sub": "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:session/*"}
    assert statements([STOP, LOOK, LIST]) == [
        {"Effect": "Allow", "Action": ["glue:ListSessions"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["glue:GetSession", "glue:StopSession"], "Resource": where},
    ]


def test_a_call_made_twice_is_allowed_once() -> None:
    assert statements([LIST, LIST]) == statements([LIST])


def test_the_order_of_the_calls_does_not_matter() -> None:
    assert statements([LIST, LOOK, STOP, EMR]) == statements([EMR, STOP, LOOK, LIST])


def test_a_role_for_all_regions_names_none() -> None:
    (statement,) = statements([LOOK], everywhere=True)
    where = {"Fn::Sub": "arn:${AWS::Partition}:glue:*:${AWS::AccountId}:session/*"}
    assert statement == {"Effect": "Allow", "Action": ["glue:GetSession"], "Resource": where}


def test_iam_may_call_a_service_by_another_name() -> None:
    assert statements([EMR]) == [allow(["elasticmapreduce:ListClusters"], "*")]


def test_a_resource_may_be_one_of_the_stacks_own() -> None:
    own = [{"Ref": "Machine"}]
    assert allow(["states:StartExecution"], own) == {
        "Effect": "Allow",
        "Action": ["states:StartExecution"],
        "Resource": own,
    }


def test_a_service_acts_for_its_own_account_only() -> None:
    assert service_trust("states.amazonaws.com") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "states.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
            }
        ],
    }
