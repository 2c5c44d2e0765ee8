"""AWS::CloudWatch: alarms of one metric. They are kept and never go off."""

from typing import Any

from moto.cloudwatch.models import Dimension, cloudwatch_backends

from guardian.localaws.cloudformation.resource import Made, Properties, ResourceType, Where

KNOWN = {
    "AlarmName": "name",
    "Namespace": "namespace",
    "MetricName": "metric_name",
    "ComparisonOperator": "comparison_operator",
    "EvaluationPeriods": "evaluation_periods",
    "DatapointsToAlarm": "datapoints_to_alarm",
    "Period": "period",
    "Threshold": "threshold",
    "Statistic": "statistic",
    "AlarmDescription": "description",
    "Dimensions": "dimensions",
    "AlarmActions": "alarm_actions",
    "OKActions": "ok_actions",
    "TreatMissingData": "treat_missing_data",
}
"""What an alarm may state, and what moto calls it."""
DEFAULTS: dict[str, Any] = {
    "statistic": "",
    "description": "",
    "dimensions": [],
    "alarm_actions": [],
}


def _cloudwatch(where: Where) -> Any:
    return cloudwatch_backends[where.account][where.region]


def _put(where: Where, properties: Properties) -> Made:
    stated = {name: properties[key] for key, name in KNOWN.items() if key in properties}
    numbers = {
        name: float(stated[name]) if name == "threshold" else int(stated[name])
        for name in ("evaluation_periods", "datapoints_to_alarm", "period", "threshold")
        if name in stated
    }
    alarm = _cloudwatch(where).put_metric_alarm(**DEFAULTS | stated | numbers)
    alarm.dimensions = [
        Dimension(one["Name"], one["Value"]) for one in properties.get("Dimensions", [])
    ]
    return Made(alarm.name, {"Arn": alarm.alarm_arn})


def _update(where: Where, _: Made, __: Properties, properties: Properties) -> Made:
    return _put(where, properties)


def _delete(where: Where, made: Made, _: Properties) -> None:
    _cloudwatch(where).delete_alarms([made.physical_id])


TYPES = (
    ResourceType(
        "AWS::CloudWatch::Alarm",
        _put,
        _update,
        _delete,
        name_property="AlarmName",
        known=frozenset(KNOWN),
    ),
)
