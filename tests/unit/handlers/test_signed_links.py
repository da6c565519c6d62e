"""Tests that links for browsers and workers use the regional address of the bucket."""

import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from frontend.deploy import Application
from tests.unit.handlers.test_cold_starts import ENVIRONMENT

CODE = """
from shoal.bootstrap.aws import on_aws
from shoal.settings import FunctionSettings
print(on_aws(FunctionSettings.from_environment()).blobs.upload_link("t/1", seconds=60).url)
"""


def link_of(region: str, **more: str) -> str:
    """Return the scheme and host of an upload link that a function of the region signs."""
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    run = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", CODE],
        env={
            **ENVIRONMENT,
            **keys,
            "AWS_DEFAULT_REGION": region,
            "PYTHONPATH": ":".join(path for path in sys.path if path),
            **more,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    parts = urlsplit(run.stdout.strip())
    return f"{parts.scheme}://{parts.netloc}"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_the_policy_of_the_console_allows_uploads(region: str) -> None:
    outputs = {
        "ApiUrl": "https://abc.execute-api.aws.test",
        "LiveApiId": "live",
        "InputsBucketName": ENVIRONMENT["SHOAL_INPUTS_BUCKET"],
        "ResultsBucketName": ENVIRONMENT["SHOAL_RESULTS_BUCKET"],
    }
    deployed = Application(outputs, {"JwtIssuer": "https://issuer.test"}, region, "dev")

    assert link_of(region) in deployed.connect_sources().split()


def test_a_custom_endpoint_has_its_buckets_in_the_path() -> None:
    there = "http://host.docker.internal:8000"

    assert link_of("us-east-1", AWS_ENDPOINT_URL=there) == there
