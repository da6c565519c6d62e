"""Tests of the console's deployment: uploads, cache headers, configuration and security policy."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import moto
import pytest

from frontend.deploy import Application, invalidate, upload
from local.application import read_template
from local.console import _POLICY

OUTPUTS = {
    "ApiUrl": "https://abc.execute-api.eu-west-1.amazonaws.com",
    "LiveApiId": "live1",
    "UserPoolId": "eu-west-1_pool",
    "ConsoleClientId": "client",
    "SignInUrl": "https://shoal-dev.auth.eu-west-1.amazoncognito.com/login?x=1",
    "InputsBucketName": "inputs",
    "ResultsBucketName": "results",
    "StateMachineArn": "arn:aws:states:eu-west-1:1:stateMachine:shoal-dev-jobs",
    "FunctionsLogGroupName": "/shoal/shoal-dev/functions",
    "WorkflowLogGroupName": "/aws/vendedlogs/states/shoal-dev/workflow",
}
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""An AWS managed policy. It enables brotli and gzip, which `Compress` requires."""
RESOURCES = read_template("frontend/template.yaml")["Resources"]


@pytest.fixture
def aws() -> Iterator[Any]:
    with moto.mock_aws():
        yield boto3.Session("key", "secret", region_name="eu-west-1")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-1a2b.js").write_text("1")
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "shoal.svg").write_text("<svg/>")
    return tmp_path


def make_application(**parameters: str) -> Application:
    return Application(OUTPUTS, parameters, "eu-west-1", "dev")


def test_only_hashed_files_are_cached_without_revalidation(aws: Any, build: Path) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    paths = upload(s3, "files", build, make_application().config())

    heads = {
        each["Key"]: s3.head_object(Bucket="files", Key=each["Key"])
        for each in s3.list_objects_v2(Bucket="files")["Contents"]
    }
    assert {key: head["CacheControl"] for key, head in heads.items()} == {
        "assets/index-1a2b.js": "public, max-age=31536000, immutable",
        "index.html": "no-cache",
        "shoal.svg": "no-cache",
        "config.json": "no-cache",
    }
    assert heads["index.html"]["ContentType"] == "text/html"
    assert sorted(paths) == ["/", "/config.json", "/index.html", "/shoal.svg"]
    config = json.loads(s3.get_object(Bucket="files", Key="config.json")["Body"].read())
    assert config["api"] == OUTPUTS["ApiUrl"]
    assert config["issuer"] == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool"
    assert config["execution_url"].endswith(":execution:shoal-dev-jobs:{job}-{generation}-1")


def test_log_link_queries_the_logs_of_functions_and_workflow_for_one_job() -> None:
    page, _, query = make_application().config()["logs_url"].partition("$3FqueryDetail$3D")

    home = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
    assert page == f"{home}#logsV2:logs-insights"
    assert query == (
        "~(end~'{until}~start~'{from}~timeType~'ABSOLUTE~tz~'UTC"
        "~editorString~'fields*20*40timestamp*2C*20*40message"
        "*0A*7C*20filter*20*40message*20like*20*22{job}*22"
        "*0A*7C*20sort*20*40timestamp*0A*7C*20limit*201000"
        "~source~(~'*2Fshoal*2Fshoal-dev*2Ffunctions"
        "~'*2Faws*2Fvendedlogs*2Fstates*2Fshoal-dev*2Fworkflow))"
    )


def test_stack_has_the_outputs_that_the_deployment_reads() -> None:
    outputs = set(read_template()["Outputs"])

    assert set(OUTPUTS) <= outputs


def test_changed_paths_are_invalidated(aws: Any) -> None:
    cloudfront = aws.client("cloudfront")
    distribution = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "1",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{"Id": "files", "DomainName": "files.test"}]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "files",
                "ViewerProtocolPolicy": "redirect-to-https",
            },
        }
    )["Distribution"]["Id"]

    invalidate(cloudfront, distribution, ["/", "/config.json"])

    (summary,) = cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"][
        "Items"
    ]
    invalidation = cloudfront.get_invalidation(DistributionId=distribution, Id=summary["Id"])
    batch = invalidation["Invalidation"]["InvalidationBatch"]
    assert batch["Paths"]["Items"] == ["/", "/config.json"]


def test_console_connects_only_to_its_own_deployment() -> None:
    pattern = read_template("frontend/template.yaml")["Parameters"]["ConnectSources"]

    sources = make_application().connect_sources()

    assert re.fullmatch(pattern["AllowedPattern"], sources)
    assert sources.split() == [
        "wss://live1.execute-api.eu-west-1.amazonaws.com",
        "https://abc.execute-api.eu-west-1.amazonaws.com",
        "https://cognito-idp.eu-west-1.amazonaws.com",
        "https://shoal-dev.auth.eu-west-1.amazoncognito.com",
        "https://inputs.s3.eu-west-1.amazonaws.com",
        "https://results.s3.eu-west-1.amazonaws.com",
    ]


def test_issuer_of_the_parameters_replaces_the_user_pool() -> None:
    outputs = {
        name: value for name, value in OUTPUTS.items() if not name.startswith(("User", "Console"))
    }
    parameters = {"JwtIssuer": "https://issuer.test/x", "JwtAudience": "shoal"}

    config = Application(outputs, parameters, "eu-west-1", "dev").config()

    assert (config["issuer"], config["client_id"]) == ("https://issuer.test/x", "shoal")


def test_application_allows_only_the_origins_in_its_parameters() -> None:
    origin = "https://d1.cloudfront.net"

    assert make_application(CorsOrigins=f"http://localhost:3000,{origin}").allows_origin(origin)
    assert not make_application(CorsOrigins="http://localhost:3000").allows_origin(origin)


def test_cloudfront_and_the_local_console_send_the_same_policy() -> None:
    config = RESOURCES["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]
    policy = config["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]

    separator, directives = policy["Fn::Join"]
    texts = [each["Fn::Sub"] if isinstance(each, dict) else each for each in directives]
    text = separator.join(texts).replace("${ConnectSources}", "{connect}")
    assert text == _POLICY
    assert "unsafe" not in text


def test_only_the_distribution_can_read_the_bucket() -> None:
    statements = RESOURCES["FilesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    block = RESOURCES["Files"]["Properties"]["PublicAccessBlockConfiguration"]

    assert all(block.values())
    (allowed,) = [each for each in statements if each["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "aws:SourceArn" in allowed["Condition"]["StringEquals"]


def test_cloudfront_compresses_files_and_supports_http_3() -> None:
    config = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]

    assert config["HttpVersion"] == "http2and3"
    assert config["DefaultCacheBehavior"]["Compress"] is True
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == CACHING_OPTIMIZED
