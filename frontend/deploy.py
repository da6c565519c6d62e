"""Deploys the console of a stage: `make deploy-console STAGE=dev`.

The stack of `frontend/template.yaml`, then the built files, `config.json` for the stage's API, and
an invalidation of what keeps its name. Each step can run again.
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

HERE: Final = Path(__file__).parent
BUILT: Final = HERE / "dist"
SAM: Final = HERE.parent / ".tools" / "sam" / "bin" / "sam"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_LOG_GROUPS: Final = ("FunctionsLogGroupName", "WorkflowLogGroupName")
_QUERY: Final = """\
fields @timestamp, @message
| filter @message like "{job}"
| sort @timestamp
| limit 1000"""


@dataclass(frozen=True, slots=True)
class Application:
    """What the stack of the API says of itself, and where it is."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    region: str
    stage: str

    @property
    def issuer(self) -> str:
        """Who signs tokens: the stage's pool, or the issuer that it was told."""
        pool = self.outputs.get("UserPoolId")
        if pool is None:
            return self.parameters["JwtIssuer"]
        return f"https://cognito-idp.{self.region}.amazonaws.com/{pool}"

    @property
    def client(self) -> str:
        """The client that the console signs in as."""
        return self.outputs.get("ConsoleClientId") or self.parameters["JwtAudience"]

    def config(self) -> dict[str, str]:
        """`config.json`, which the console reads at run time."""
        machine = self.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
        execution = f"{machine}:{{job}}-{{generation}}-1"
        home = f"https://{self.region}.console.aws.amazon.com/states/home?region={self.region}"
        return {
            "api": self.outputs["ApiUrl"],
            "issuer": self.issuer,
            "client_id": self.client,
            "stage": self.stage,
            "execution_url": f"{home}#/v2/executions/details/{execution}",
            "logs_url": self._logs(),
        }

    def _logs(self) -> str:
        """Logs Insights with what functions and workflow said of a job, in the console's own words.

        The part behind the # is how that page notes a query: objects in `~(…)`, texts behind a `'`,
        and of what is no letter, digit, `-`, `_` or `.` the code behind a `*`.
        """
        groups = "".join(f"~'{_noted(self.outputs[name])}" for name in _LOG_GROUPS)
        asked = (
            "end~'{until}~start~'{from}~timeType~'ABSOLUTE~tz~'UTC"
            f"~editorString~'{_noted(_QUERY)}~source~({groups})"
        )
        home = f"https://{self.region}.console.aws.amazon.com/cloudwatch/home?region={self.region}"
        return f"{home}#logsV2:logs-insights$3FqueryDetail$3D~({asked})"

    def sources(self) -> str:
        """Origins that the console talks to: API, live API, issuer, its sign-in, the buckets."""
        live = f"wss://{self.outputs['LiveApiId']}.execute-api.{self.region}.amazonaws.com"
        urls = [self.outputs["ApiUrl"], self.issuer, self.outputs.get("SignInUrl")]
        buckets = [self.outputs[f"{name}BucketName"] for name in ("Inputs", "Results")]
        found = [live, *(_origin(url) for url in urls if url)]
        found += [f"https://{name}.s3.{self.region}.amazonaws.com" for name in buckets]
        return " ".join(dict.fromkeys(found))

    def lets_in(self, console: str) -> bool:
        """Whether browsers at this address may call the API, and sign in."""
        return console in self.parameters.get("CorsOrigins", "").split(",")


def _noted(text: str) -> str:
    """As Logs Insights notes a text; `{job}` stays for the console to fill in."""
    coded = quote(text, safe="{}").replace("~", "%7E")
    return coded.replace("%", "*")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def application(cloudformation: Any, stage: str, region: str) -> Application:
    """The deployed application of a stage."""
    outputs, parameters = _stack(cloudformation, f"shoal-{stage}")
    return Application(outputs, parameters, region, stage)


def _stack(cloudformation: Any, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Outputs and parameters of a stack."""
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return (
        {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())},
        {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", ())},
    )


def sent(s3: Any, bucket: str, built: Path, config: Mapping[str, str]) -> list[str]:
    """Send the files, the document last, so that it never names one that is not there.

    Gives the addresses that keep their name, which caches have to ask for again. Files of earlier
    builds stay, for pages that are open.
    """
    kept = []
    for file in sorted(_files(built), key=lambda file: file.name == "index.html"):
        key = file.relative_to(built).as_posix()
        hashed = key.startswith("assets/")
        if not hashed:
            kept.append(f"/{key}")
        _put(s3, bucket, key, file.read_bytes(), _FOR_EVER if hashed else _ASK_AGAIN)
    _put(s3, bucket, "config.json", json.dumps(config).encode(), _ASK_AGAIN)
    return [*kept, "/config.json", "/"]


def _files(built: Path) -> Iterator[Path]:
    return (file for file in built.rglob("*") if file.is_file())


def _put(s3: Any, bucket: str, key: str, body: bytes, keep: str) -> None:
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind, CacheControl=keep)


def invalidated(cloudfront: Any, distribution: str, addresses: list[str]) -> None:
    """Have the edges ask for these again."""
    paths = {"Quantity": len(addresses), "Items": addresses}
    batch = {"Paths": paths, "CallerReference": uuid4().hex}
    cloudfront.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)


def main() -> None:
    """Deploy, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--domain", default="", help="a name of one's own")
    parser.add_argument("--certificate", default="", help="its certificate, in us-east-1")
    asked = parser.parse_args()
    session = boto3.Session(region_name=asked.region)
    cloudformation = session.client("cloudformation")
    app = application(cloudformation, asked.stage, asked.region)
    stack = f"shoal-{asked.stage}-console"
    given = {
        "Stage": asked.stage,
        "ConnectSources": app.sources(),
        "DomainName": asked.domain,
        "CertificateArn": asked.certificate,
    }
    subprocess.run(  # noqa: S603 - our own tool
        [
            *(SAM, "deploy", "--template-file", HERE / "template.yaml", "--stack-name", stack),
            *("--region", asked.region, "--resolve-s3", "--no-fail-on-empty-changeset"),
            "--parameter-overrides",
            *(f"{name}='{value}'" for name, value in given.items() if value),
        ],
        check=True,
    )
    outputs, _ = _stack(cloudformation, stack)
    addresses = sent(session.client("s3"), outputs["BucketName"], BUILT, app.config())
    invalidated(session.client("cloudfront"), outputs["DistributionId"], addresses)
    console = outputs["ConsoleUrl"]
    print(f"console: {console}")
    if not app.lets_in(console):
        origins = ",".join(filter(None, (app.parameters.get("CorsOrigins"), console)))
        print(
            f"The API does not let it in yet: deploy shoal-{asked.stage} with CorsOrigins={origins}"
        )


if __name__ == "__main__":
    main()
