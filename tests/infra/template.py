"""Reads a CloudFormation template and works out its functions, so that what is tested is what is deployed."""

import json
import pathlib
import re

import yaml

INFRA = pathlib.Path(__file__).resolve().parents[2] / "infra"
PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Region": "eu-west-1",
    "AWS::Partition": "aws",
    "AWS::StackName": "tidewaiter-test",
}
NO_VALUE = object()


class Loader(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation's functions, and without aliases: CloudFormation takes none."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise ValueError("CloudFormation knows no YAML aliases")
        return super().compose_node(parent, index)


def function(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", function)


class Template:
    """A template with parameters; what is not given has its default."""

    def __init__(self, name: str, **parameters: str):
        self.source = yaml.load((INFRA / name).read_text(), Loader)
        unknown = set(parameters) - set(self.source["Parameters"])
        assert not unknown, f"{name} has no parameters {unknown}"
        self.parameters = {
            key: parameters.get(key, str(how.get("Default", ""))) for key, how in self.source["Parameters"].items()
        }
        for key, value in self.parameters.items():
            self.check(key, value)
        globally = self.source.get("Globals", {}).get("Function", {})
        self.resources = {}
        for key, resource in self.source["Resources"].items():
            if "Condition" in resource and not self.condition(resource["Condition"]):
                continue
            properties = self.resolve(resource.get("Properties", {}))
            if resource["Type"] == "AWS::Serverless::Function":
                shared = self.resolve(globally)
                properties = {**shared, **properties}
                properties["Environment"] = {
                    "Variables": {
                        **shared["Environment"]["Variables"],
                        **self.resolve(resource["Properties"]["Environment"])["Variables"],
                    }
                }
            self.resources[key] = {**resource, "Properties": properties}

    def check(self, key, value):
        """As CloudFormation checks the value of a parameter."""
        how = self.source["Parameters"][key]
        assert how.get("Description"), f"{key} has no description"
        if "AllowedValues" in how:
            assert value in map(str, how["AllowedValues"]), f"{key}={value}"
        if "AllowedPattern" in how:
            for one in value.split(",") if how["Type"] == "CommaDelimitedList" else [value]:
                assert re.fullmatch(how["AllowedPattern"], one), f"{key}={value}"
        if how["Type"] == "Number":
            assert how.get("MinValue", 0) <= float(value) <= how.get("MaxValue", float(value)), f"{key}={value}"

    def of_type(self, type_: str) -> dict[str, dict]:
        return {key: r["Properties"] for key, r in self.resources.items() if r["Type"] == type_}

    def condition(self, name) -> bool:
        return self.test(self.source["Conditions"][name])

    def test(self, expression) -> bool:
        [(kind, value)] = expression.items()
        match kind:
            case "Condition":
                return self.condition(value)
            case "Fn::Not":
                return not self.test(value[0])
            case "Fn::And":
                return all(map(self.test, value))
            case "Fn::Or":
                return any(map(self.test, value))
            case "Fn::Equals":
                return self.resolve(value[0]) == self.resolve(value[1])
        raise ValueError(f"not known here: {kind}")

    def arn(self, key: str) -> str:
        """An ARN of a resource, as it will look."""
        resource = self.source["Resources"][key]
        properties = resource["Properties"]

        def named(name: str):
            return self.resolve(properties[name])

        where = f"{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}"
        match resource["Type"]:
            case "AWS::S3::Bucket":
                return f"arn:aws:s3:::{named('BucketName')}"
            case "AWS::SQS::Queue":
                return f"arn:aws:sqs:{where}:{named('QueueName')}"
            case "AWS::DynamoDB::Table":
                return f"arn:aws:dynamodb:{where}:table/{PSEUDO['AWS::StackName']}-{key}"
            case "AWS::Logs::LogGroup":
                return f"arn:aws:logs:{where}:log-group:{named('LogGroupName')}:*"
            case "AWS::IAM::Role":
                return f"arn:aws:iam::{PSEUDO['AWS::AccountId']}:role/{key}"
            case other:
                return f"arn:aws:{other}:{key}"

    def reference(self, name: str):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            value = self.parameters[name]
            is_list = self.source["Parameters"][name]["Type"] == "CommaDelimitedList"
            return value.split(",") if is_list else value
        resource = self.source["Resources"][name]
        if resource["Type"] == "AWS::S3::Bucket":
            return self.resolve(resource["Properties"]["BucketName"])
        return f"ref:{name}"

    def attribute(self, name: str, attribute: str):
        if attribute == "Arn":
            return self.arn(name)
        if attribute == "QueueName":
            return self.resolve(self.source["Resources"][name]["Properties"]["QueueName"])
        raise ValueError(f"not known here: {name}.{attribute}")

    def resolve(self, value):
        if isinstance(value, list):
            return [r for r in map(self.resolve, value) if r is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(kind, inner)] = value.items()
            if kind == "Ref":
                return self.reference(inner)
            if kind == "Fn::GetAtt":
                return self.attribute(*inner)
            if kind == "Fn::If":
                return self.resolve(inner[1] if self.condition(inner[0]) else inner[2])
            if kind == "Fn::Join":
                return inner[0].join(self.resolve(inner[1]))
            if kind == "Fn::Split":
                return self.resolve(inner[1]).split(inner[0])
            if kind == "Fn::Sub":
                text, named = inner if isinstance(inner, list) else (inner, {})
                return re.sub(r"\$\{([^}!]+)\}", lambda m: self.resolve(named[m[1]]) if m[1] in named else self.placeholder(m[1]), text)
            assert not kind.startswith("Fn::"), f"not known here: {kind}"
        resolved = {key: self.resolve(inner) for key, inner in value.items()}
        return {key: inner for key, inner in resolved.items() if inner is not NO_VALUE}

    def placeholder(self, name: str) -> str:
        resource, _, attribute = name.partition(".")
        return self.attribute(resource, attribute) if attribute else self.reference(name)


def parameters_of(environment: str) -> dict[str, str]:
    entries = json.loads((INFRA / "parameters" / f"{environment}.json").read_text())
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in entries}
