"""The linters of image, manifests and stack find planted faults."""

import subprocess
from pathlib import Path

import pytest

from eks.render import EXAMPLE, kustomize

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".tools"
CHECKOV = TOOLS / "checkov" / "bin" / "checkov"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own commands
        words, cwd=ROOT, capture_output=True, text=True, check=False
    )


def planted(text: str, good: str, bad: str, file: Path) -> Path:
    assert good in text
    file.write_text(text.replace(good, bad))
    return file


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ("USER 10001:10001", "USER root", "DL3002"),
        ("WORKDIR /app", "WORKDIR app", "DL3000"),
        ("FROM ${PYTHON_IMAGE}${PYTHON_DIGEST} AS build", "FROM python:latest AS build", "DL3007"),
    ],
)
def test_hadolint_finds_a_planted_fault_in_the_dockerfile(
    tmp_path: Path, good: str, bad: str, code: str
) -> None:
    text = (ROOT / "worker_image" / "Dockerfile").read_text()

    result = run(TOOLS / "eks" / "bin" / "hadolint", planted(text, good, bad, tmp_path / "D"))

    assert result.returncode == 1
    assert code in result.stdout


def test_checkov_finds_a_planted_fault_in_the_manifests(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(EXAMPLE.kustomization("prod", tmp_path))
    good, bad = "allowPrivilegeEscalation: false", "privileged: true"
    file = planted(kustomize(tmp_path), good, bad, tmp_path / "planted.yaml")

    result = run(CHECKOV, "--config-file", "eks/.checkov.yaml", "--file", file)

    assert result.returncode == 1
    assert "CKV_K8S_16" in result.stdout


def test_checkov_finds_a_planted_fault_in_the_stack(tmp_path: Path) -> None:
    text = (ROOT / "eks" / "template.yaml").read_text()
    file = planted(text, "ScanOnPush: true", "ScanOnPush: false", tmp_path / "planted.yaml")

    result = run(CHECKOV, "--config-file", ".checkov.yaml", "--file", file)

    assert result.returncode == 1
    assert "CKV_AWS_163" in result.stdout


def test_cfn_lint_finds_a_planted_fault_in_the_stack(tmp_path: Path) -> None:
    text = (ROOT / "eks" / "template.yaml").read_text()
    file = planted(text, "ImageTagMutability", "ImageTagsMutability", tmp_path / "planted.yaml")

    result = run(ROOT / ".venv" / "bin" / "cfn-lint", "--regions", "us-east-1", "--template", file)

    assert result.returncode
    assert "ImageTagsMutability" in result.stdout
