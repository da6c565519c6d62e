"""The console's deploy: what it sends, for how long that is kept, and what the policy lets in."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import moto
import pytest

from frontend.deploy import Application, invalidated, sent
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
"""AWS's own policy, which asks the cache for brotli and gzip; without one of them none is sent."""
RESOURCES = read_template("frontend/template.yaml")["Resources"]


@pytest.fixture
def aws() -> Iterator[Any]:
    with moto.mock_aws():
        yield boto3.Session("key", "secret", region_name="eu-west-1")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-1a2b.js").write_text("1")
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "shoal.svg").write_text("<svg/>")
    return tmp_path


def app(**parameters: str) -> Application:
    return Application(OUTPUTS, parameters, "eu-west-1", "dev")


def test_hashed_files_are_kept_for_ever_and_the_others_asked_for_again(
    aws: Any, built: Path
) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    addresses = sent(s3, "files", built, app().config())

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
    assert sorted(addresses) == ["/", "/config.json", "/index.html", "/shoal.svg"]
    config = json.loads(s3.get_object(Bucket="files", Key="config.json")["Body"].read())
    assert config["api"] == OUTPUTS["ApiUrl"]
    assert config["issuer"] == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool"
    assert config["execution_url"].endswith(":execution:shoal-dev-jobs:{job}-{generation}-1")


def test_the_logs_of_a_job_are_those_of_functions_and_workflow_while_it_lived() -> None:
    page, _, asked = app().config()["logs_url"].partition("$3FqueryDetail$3D")

    home = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
    assert page == f"{home}#logsV2:logs-insights"
    assert asked == (
        "~(end~'{until}~start~'{from}~timeType~'ABSOLUTE~tz~'UTC"
        "~editorString~'fields*20*40timestamp*2C*20*40message"
        "*0A*7C*20filter*20*40message*20like*20*22{job}*22"
        "*0A*7C*20sort*20*40timestamp*0A*7C*20limit*201000"
        "~source~(~'*2Fshoal*2Fshoal-dev*2Ffunctions"
        "~'*2Faws*2Fvendedlogs*2Fstates*2Fshoal-dev*2Fworkflow))"
    )


def test_what_the_deploy_reads_the_stack_says() -> None:
    said = set(read_template()["Outputs"])

    assert set(OUTPUTS) <= said


def test_the_edges_are_told_what_changed_under_its_name(aws: Any) -> None:
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

    invalidated(cloudfront, distribution, ["/", "/config.json"])

    made = cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"]
    assert made["Quantity"] == 1


def test_the_console_may_talk_to_its_own_deployment_only() -> None:
    pattern = read_template("frontend/template.yaml")["Parameters"]["ConnectSources"]

    sources = app().sources()

    assert re.fullmatch(pattern["AllowedPattern"], sources)
    assert sources.split() == [
        "wss://live1.execute-api.eu-west-1.amazonaws.com",
        "https://abc.execute-api.eu-west-1.amazonaws.com",
        "https://cognito-idp.eu-west-1.amazonaws.com",
        "https://shoal-dev.auth.eu-west-1.amazoncognito.com",
        "https://inputs.s3.eu-west-1.amazonaws.com",
        "https://results.s3.eu-west-1.amazonaws.com",
    ]


def test_an_issuer_of_ones_own_takes_the_pools_place() -> None:
    outputs = {
        name: value for name, value in OUTPUTS.items() if not name.startswith(("User", "Console"))
    }
    parameters = {"JwtIssuer": "https://issuer.test/x", "JwtAudience": "shoal"}

    config = Application(outputs, parameters, "eu-west-1", "dev").config()

    assert (config["issuer"], config["client_id"]) == ("https://issuer.test/x", "shoal")


def test_who_is_not_let_in_is_told() -> None:
    own = "https://d1.cloudfront.net"

    assert app(CorsOrigins=f"http://localhost:3000,{own}").lets_in(own)
    assert not app(CorsOrigins="http://localhost:3000").lets_in(own)


def test_cloudfront_sends_the_policy_that_the_twin_is_tested_with() -> None:
    config = RESOURCES["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]
    policy = config["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]

    said = policy["Fn::Sub"].replace("${ConnectSources}", "{connect}")
    assert said.split() == _POLICY.split()
    assert "unsafe" not in said


def test_the_bucket_is_read_by_the_distribution_alone() -> None:
    statements = RESOURCES["FilesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    block = RESOURCES["Files"]["Properties"]["PublicAccessBlockConfiguration"]

    assert all(block.values())
    (allowed,) = [each for each in statements if each["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "aws:SourceArn" in allowed["Condition"]["StringEquals"]
    assert (
        RESOURCES["Distribution"]["Properties"]["DistributionConfig"]["HttpVersion"] == "http2and3"
    )


def test_cloudfront_packs_files_and_keeps_them_as_long_as_they_say() -> None:
    behaviour = RESOURCES["Distribution"]["Properties"]["DistributionConfig"][
        "DefaultCacheBehavior"
    ]

    assert behaviour["Compress"] is True
    assert behaviour["CachePolicyId"] == CACHING_OPTIMIZED
