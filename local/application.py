"""Deploys the real template and the real state machine on the emulator.

The SAM transform runs on the client side. The emulator does not support the OpenAPI body of an HTTP
API, so it is converted to resources that the emulator supports. Policies of event buses and alarms
on expressions are left out. The rest is deployed unchanged.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local.emulator import REGION, Emulator, TwinError

ROOT: Final = Path(__file__).parents[1]
STACK: Final = "shoal"
_BUCKET: Final = "shoal-twin-artifacts"
_METHODS: Final = frozenset(("get", "post", "put", "delete", "patch", "options", "head"))
_POINTER: Final = "python/lib/python3.13/site-packages/shoal.pth"
_ALARM: Final = "AWS::CloudWatch::Alarm"
_DEPLOYED: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_DEPLOY_SECONDS: Final = 30.0
_NESTED: Final = "AWS::CloudFormation::Stack"
_UNSUPPORTED: Final = "AWS::Events::EventBusPolicy"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)

type Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deployment:
    """The outputs of the deployed stack."""

    outputs: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.outputs[name]


def deploy(emulator: Emulator, layer: Path, parameters: Mapping[str, str]) -> Deployment:
    """Creates the stack, or updates it if the template or a parameter has changed."""
    cloudformation = emulator.client("cloudformation")
    artifacts = _Artifacts(emulator)
    template = translated(
        artifacts.put("functions", zipped(ROOT / "functions", "handlers/**/*.py")),
        artifacts.put("layer", pointer(layer)),
        parameters,
    )
    for resource in template["Resources"].values():
        if resource["Type"] == _NESTED:
            properties = resource["Properties"]
            nested = supported(read_template(properties["TemplateURL"]))
            body = json.dumps(nested).encode()
            properties["TemplateURL"] = artifacts.put("nested", body).url(emulator)
    arguments = {
        "StackName": STACK,
        "TemplateURL": artifacts.put("template", json.dumps(template).encode()).url(emulator),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    }
    current = _stack(cloudformation)
    digest_file = emulator.home / "deployed"
    digest = hashlib.sha256(json.dumps([arguments, template], sort_keys=True).encode()).hexdigest()
    if current is None:
        cloudformation.create_stack(**arguments)
    elif not digest_file.exists() or digest_file.read_text() != digest:
        cloudformation.update_stack(**arguments)
    stack = _ended(cloudformation)
    if stack is None or stack["StackStatus"] not in _DEPLOYED:
        raise TwinError(f"cannot deploy the stack: {_failure_reasons(cloudformation)}")
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    emulator.api_id_file.write_text(outputs["ApiId"])
    digest_file.write_text(digest)
    return Deployment(outputs)


def _stack(cloudformation: Any) -> Tree | None:
    try:
        stack: Tree = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    except cloudformation.exceptions.ClientError:
        return None
    return stack


def _ended(cloudformation: Any) -> Tree | None:
    """Returns the stack once its creation or update has ended; a nested stack takes a moment."""
    until = time.monotonic() + _DEPLOY_SECONDS
    while True:
        stack = _stack(cloudformation)
        running = stack is not None and stack["StackStatus"].endswith("_IN_PROGRESS")
        if not running or time.monotonic() > until:
            return stack
        time.sleep(0.02)


def _failure_reasons(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    reasons = [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if event.get("ResourceStatusReason") and "FAILED" in event["ResourceStatus"]
    ]
    return "; ".join(reasons) or "the stack events give no reason"


# Artifacts


@dataclass(frozen=True, slots=True)
class _Artifact:
    key: str

    @property
    def uri(self) -> str:
        return f"s3://{_BUCKET}/{self.key}"

    def url(self, emulator: Emulator) -> str:
        return f"{emulator.url}/{_BUCKET}/{self.key}"


class _Artifacts:
    def __init__(self, emulator: Emulator) -> None:
        self._s3 = emulator.client("s3")
        self._s3.create_bucket(Bucket=_BUCKET)

    def put(self, name: str, body: bytes) -> _Artifact:
        artifact = _Artifact(f"{name}-{hashlib.sha256(body).hexdigest()[:16]}")
        self._s3.put_object(Bucket=_BUCKET, Key=artifact.key, Body=body)
        return artifact


def zipped(folder: Path, pattern: str) -> bytes:
    """Returns a zip file of a directory. Equal files give an equal zip file."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.glob(pattern)):
            if path.is_file():
                info = zipfile.ZipInfo(str(path.relative_to(folder)), _EPOCH)
                info.external_attr = 0o644 << 16
                archive.writestr(info, path.read_bytes())
    return body.getvalue()


def pointer(layer: Path) -> bytes:
    """Returns a layer that only adds the directory of the built layer to `sys.path`.

    The emulator unpacks the layers of a function at each cold start, so a small layer is faster.
    """
    line = f"import sys; sys.path.insert(0, {str(layer / 'python')!r})\n"
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_POINTER, _EPOCH), line)
    return body.getvalue()


# The template


class _Loader(yaml.CSafeLoader):
    """Reads YAML with the short forms of CloudFormation's intrinsic functions."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> Tree:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _intrinsic)


def read_template(file: str = "template.yaml") -> Tree:
    """Reads a template, with its intrinsic functions in their long form."""
    template: Tree = yaml.load((ROOT / file).read_text(), _Loader)  # noqa: S506 - safe
    return template


def translated(functions: _Artifact, layer: _Artifact, parameters: Mapping[str, str]) -> Tree:
    """Returns the template for the emulator, with the locations of its artifacts."""
    return supported(with_routes(transformed(functions.uri, layer.uri, parameters)))


def supported(template: Tree) -> Tree:
    """Returns a template without the resources that the emulator does not support."""
    for name, resource in [*template["Resources"].items()]:
        on_expression = resource["Type"] == _ALARM and "Metrics" in resource["Properties"]
        if resource["Type"] == _UNSUPPORTED or on_expression:
            del template["Resources"][name]
    return template


def nested_resources(template: Tree) -> Tree:
    """Returns the resources of the stacks that a template nests."""
    files = [
        each["Properties"]["TemplateURL"]
        for each in template["Resources"].values()
        if each["Type"] == _NESTED
    ]
    return {name: each for file in files for name, each in read_template(file)["Resources"].items()}


def transformed(functions: str, layer: str, parameters: Mapping[str, str]) -> Tree:
    """Returns the template after the SAM transform, as CloudFormation receives it.

    `functions` and `layer` are S3 URIs.
    """
    template = read_template()
    template["Globals"]["Function"]["CodeUri"] = functions
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = layer
        if resource["Type"] == "AWS::Serverless::StateMachine":
            properties = resource["Properties"]
            properties["Definition"] = definition(properties.pop("DefinitionUri"), parameters)
    session = boto3.Session(region_name=REGION)
    plain: Tree = Translator(None, Parser(), boto_session=session).translate(
        template, dict(parameters)
    )
    return plain


def definition(file: str, parameters: Mapping[str, str]) -> Tree:
    """Returns a state machine. Like AWS, substitutes numbers before it parses the file."""
    text = (ROOT / file).read_text().replace("${WaitSeconds}", parameters["WaitSeconds"])
    machine: Tree = yaml.load(text, yaml.CSafeLoader)
    return machine


def with_routes(template: Tree) -> Tree:
    """Converts the OpenAPI body of each HTTP API to integrations, routes and authorizers."""
    made: Tree = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and "Body" in resource["Properties"]:
            properties = resource["Properties"]
            body = properties.pop("Body")
            properties.pop("FailOnWarnings", None)
            cors = body.get("x-amazon-apigateway-cors", {})
            resource["Properties"] = {
                "Name": name,
                "ProtocolType": "HTTP",
                "CorsConfiguration": cors,
                **properties,
            }
            made |= dict(_api_parts(name, body))
    template["Resources"] |= made
    return template


def _api_parts(api: str, body: Tree) -> Iterator[tuple[str, Tree]]:
    ref = {"Ref": api}
    authorizers: dict[str, Tree] = {}
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        authorizer = scheme.get("x-amazon-apigateway-authorizer", {})
        if authorizer.get("type") != "jwt":
            authorizers[name] = {"AuthorizationType": "AWS_IAM"}
            continue
        configuration = authorizer["jwtConfiguration"]
        authorizers[name] = {
            "AuthorizationType": "JWT",
            "AuthorizerId": {"Ref": f"{api}{name}Authorizer"},
        }
        yield (
            f"{api}{name}Authorizer",
            {
                "Type": "AWS::ApiGatewayV2::Authorizer",
                "Properties": {
                    "ApiId": ref,
                    "Name": name,
                    "AuthorizerType": "JWT",
                    "IdentitySource": [authorizer["identitySource"]],
                    "JwtConfiguration": {
                        "Issuer": configuration["issuer"],
                        "Audience": configuration["audience"],
                    },
                },
            },
        )
    integrations: dict[str, str] = {}
    operations = (
        (path, method, operation)
        for path, methods in body["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    )
    for number, (path, method, operation) in enumerate(operations):
        uri = operation["x-amazon-apigateway-integration"]["uri"]
        key = json.dumps(uri)
        if key not in integrations:
            integrations[key] = f"{api}Integration{len(integrations)}"
            yield integrations[key], _integration(ref, uri)
        security = operation.get("security", [])
        named = [each for scheme in security for each in scheme.items() if each[0] in authorizers]
        scopes = named[0][1] if named else []
        yield (
            f"{api}Route{number}",
            {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": ref,
                    "RouteKey": f"{method.upper()} {path}",
                    "Target": {"Fn::Sub": f"integrations/${{{integrations[key]}}}"},
                    **(authorizers[named[0][0]] if named else {}),
                    **({"AuthorizationScopes": scopes} if scopes else {}),
                },
            },
        )


def _integration(api: Tree, uri: Any) -> Tree:
    return {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": api,
            "IntegrationType": "AWS_PROXY",
            "IntegrationMethod": "POST",
            "IntegrationUri": uri,
            "PayloadFormatVersion": "2.0",
        },
    }
