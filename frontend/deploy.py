"""Deploys the console of a stage: `make deploy-console STAGE=dev`.

Deploys the stack of `frontend/template.yaml`, uploads the built files and `config.json`, and
invalidates the cache for files that keep their names. Each step can run again.
"""

from __future__ import annotations

import argparse
import json
import mimetypes
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit
from uuid import uuid4

import boto3

DIRECTORY: Final = Path(__file__).parent
BUILD: Final = DIRECTORY / "dist"
SAM: Final = DIRECTORY.parent / ".tools" / "sam" / "bin" / "sam"
_CACHE_FOREVER: Final = "public, max-age=31536000, immutable"
_REVALIDATE: Final = "no-cache"
_LOG_GROUP_OUTPUTS: Final = ("FunctionsLogGroupName", "WorkflowLogGroupName")
_LOG_QUERY: Final = """\
fields @timestamp, @message
| filter @message like "{job}"
| sort @timestamp
| limit 1000"""


@dataclass(frozen=True, slots=True)
class Application:
    """The deployed application: outputs and parameters of its stack."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    region: str
    stage: str

    @property
    def issuer(self) -> str:
        """The issuer of tokens: the user pool of the stage, or the issuer in its parameters."""
        pool = self.outputs.get("UserPoolId")
        if pool is None:
            return self.parameters["JwtIssuer"]
        return f"https://cognito-idp.{self.region}.amazonaws.com/{pool}"

    @property
    def client_id(self) -> str:
        """The app client that the console signs in with."""
        return self.outputs.get("ConsoleClientId") or self.parameters["JwtAudience"]

    def config(self) -> dict[str, str]:
        """Returns the content of `config.json`, which the console reads at run time."""
        machine = self.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
        execution = f"{machine}:{{job}}-{{generation}}-1"
        home = f"https://{self.region}.console.aws.amazon.com/states/home?region={self.region}"
        return {
            "api": self.outputs["ApiUrl"],
            "issuer": self.issuer,
            "client_id": self.client_id,
            "stage": self.stage,
            "execution_url": f"{home}#/v2/executions/details/{execution}",
            "logs_url": self._logs_url(),
        }

    def _logs_url(self) -> str:
        """Returns the URL of a Logs Insights query for the log lines of a job.

        After the `#`, Logs Insights has its own notation: `~(…)` for objects, `'` before a string,
        and `*` instead of `%` in percent-encoding.
        """
        names = (self.outputs[output] for output in _LOG_GROUP_OUTPUTS)
        log_groups = "".join(f"~'{_encode(name)}" for name in names)
        query = (
            "end~'{until}~start~'{from}~timeType~'ABSOLUTE~tz~'UTC"
            f"~editorString~'{_encode(_LOG_QUERY)}~source~({log_groups})"
        )
        home = f"https://{self.region}.console.aws.amazon.com/cloudwatch/home?region={self.region}"
        return f"{home}#logsV2:logs-insights$3FqueryDetail$3D~({query})"

    def connect_sources(self) -> str:
        """Returns the origins that the console connects to: API, live API, issuer and buckets."""
        live = f"wss://{self.outputs['LiveApiId']}.execute-api.{self.region}.amazonaws.com"
        urls = [self.outputs["ApiUrl"], self.issuer, self.outputs.get("SignInUrl")]
        buckets = [self.outputs[f"{name}BucketName"] for name in ("Inputs", "Results")]
        sources = [live, *(_origin(url) for url in urls if url)]
        sources += [f"https://{name}.s3.{self.region}.amazonaws.com" for name in buckets]
        return " ".join(dict.fromkeys(sources))

    def allows_origin(self, origin: str) -> bool:
        """Whether the API accepts requests, and the user pool sign-ins, from this origin."""
        return origin in self.parameters.get("CorsOrigins", "").split(",")


def _encode(text: str) -> str:
    """Encodes a string for Logs Insights. `{job}` stays, because the console fills it in."""
    return quote(text, safe="{}").replace("~", "%7E").replace("%", "*")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def read_application(cloudformation: Any, stage: str, region: str) -> Application:
    """Reads the deployed application of a stage."""
    outputs, parameters = _read_stack(cloudformation, f"shoal-{stage}")
    return Application(outputs, parameters, region, stage)


def _read_stack(cloudformation: Any, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Returns the outputs and the parameters of a stack."""
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return (
        {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())},
        {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", ())},
    )


def upload(s3: Any, bucket: str, build: Path, config: Mapping[str, str]) -> list[str]:
    """Uploads the built files and `config.json`, and returns the paths to invalidate.

    Uploads `index.html` after the files that it refers to. Does not delete the files of earlier
    builds, because open pages can still load them.
    """
    paths = []
    for file in sorted(_files(build), key=lambda file: file.name == "index.html"):
        key = file.relative_to(build).as_posix()
        hashed = key.startswith("assets/")
        if not hashed:
            paths.append(f"/{key}")
        _put(s3, bucket, key, file.read_bytes(), _CACHE_FOREVER if hashed else _REVALIDATE)
    _put(s3, bucket, "config.json", json.dumps(config).encode(), _REVALIDATE)
    return [*paths, "/config.json", "/"]


def _files(build: Path) -> Iterator[Path]:
    return (file for file in build.rglob("*") if file.is_file())


def _put(s3: Any, bucket: str, key: str, body: bytes, cache_control: str) -> None:
    content_type = mimetypes.guess_type(key)[0] or "application/octet-stream"
    s3.put_object(
        Bucket=bucket, Key=key, Body=body, ContentType=content_type, CacheControl=cache_control
    )


def invalidate(cloudfront: Any, distribution: str, paths: list[str]) -> None:
    """Invalidates paths in the caches of the distribution."""
    batch = {
        "Paths": {"Quantity": len(paths), "Items": paths},
        "CallerReference": uuid4().hex,
    }
    cloudfront.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)


def main() -> None:
    """Deploys the console, and prints its address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--domain", default="", help="custom domain name")
    parser.add_argument(
        "--certificate", default="", help="ARN of its certificate, which must be in us-east-1"
    )
    arguments = parser.parse_args()
    session = boto3.Session(region_name=arguments.region)
    cloudformation = session.client("cloudformation")
    application = read_application(cloudformation, arguments.stage, arguments.region)
    stack = f"shoal-{arguments.stage}-console"
    parameters = {
        "Stage": arguments.stage,
        "ConnectSources": application.connect_sources(),
        "DomainName": arguments.domain,
        "CertificateArn": arguments.certificate,
    }
    subprocess.run(  # noqa: S603 - the command is not user input
        [
            *(SAM, "deploy", "--template-file", DIRECTORY / "template.yaml"),
            *("--stack-name", stack, "--region", arguments.region),
            *("--resolve-s3", "--no-fail-on-empty-changeset", "--parameter-overrides"),
            *(f"{name}='{value}'" for name, value in parameters.items() if value),
        ],
        check=True,
    )
    outputs, _ = _read_stack(cloudformation, stack)
    paths = upload(session.client("s3"), outputs["BucketName"], BUILD, application.config())
    invalidate(session.client("cloudfront"), outputs["DistributionId"], paths)
    console = outputs["ConsoleUrl"]
    print(f"console: {console}")
    if not application.allows_origin(console):
        current = application.parameters.get("CorsOrigins")
        origins = ",".join(filter(None, (current, console)))
        print(
            "The API rejects requests from the console. Deploy "
            f"shoal-{arguments.stage} with CorsOrigins={origins}"
        )


if __name__ == "__main__":
    main()
