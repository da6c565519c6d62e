"""Tests that the security gates find a planted fault of each kind, and accept its correction."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".tools/gates/bin"
RULES = ROOT / "tooling/semgrep"

FAULTS = {
    "no-code-from-text": ["eval(text)", "exec(text)", "compile(text, 'f', 'exec')"],
    "no-objects-from-bytes": ["pickle.loads(text)", "yaml.load(text)", "marshal.loads(text)"],
    "no-shell": ["subprocess.run(text, shell=True)", "os.system(text)"],
    "http-needs-a-timeout": [
        "requests.get(text)",
        "urllib.request.urlopen(text)",
        "http.client.HTTPSConnection(text)",
        "socket.create_connection((text, 1))",
    ],
    "no-tls-without-verification": ["requests.get(text, verify=False, timeout=1)"],
    "boto3-only-in-adapters": ["import boto3", "from botocore.config import Config"],
    "no-values-in-expressions": [
        "table.query(FilterExpression=f'name = {text}')",
        "query = {'FilterExpression': f'name = {text}'}",
    ],
    "unbounded-decompression": ["zlib.decompress(text)", "gzip.decompress(text)"],
    "no-predictable-secrets": ["ticket = random.randbytes(9)"],
    "no-html-from-text": [
        "const a = <p dangerouslySetInnerHTML={{ __html: text }} />;",
        "element.innerHTML = text;",
    ],
    "no-script-from-text": ["eval(text);", "new Function(text);"],
    "no-tokens-in-storage": ['localStorage.setItem("token", text);'],
}
CORRECT = {
    "python": [
        "json.loads(text)",
        "yaml.load(text, yaml.CSafeLoader)",
        "subprocess.run([text], check=True)",
        "requests.get(text, timeout=3)",
        "socket.create_connection((text, 1), 5)",
        "table.query(FilterExpression='name = :name')",
        "zlib.decompressobj().decompress(text, 100)",
        "ticket = secrets.token_hex(20)",
    ],
    "typescript": ["const a = <p>{text}</p>;", 'localStorage.setItem("theme", text);'],
}
IMPORTS = (
    "import gzip, http.client, json, marshal, os, pickle, random, secrets, socket, ssl, subprocess,"
    " urllib.request, uuid, zlib, requests, yaml"
)


def language_of(rule: str) -> str:
    rules = {
        each["id"]: file.stem
        for file in RULES.glob("*.yaml")
        for each in yaml.safe_load(file.read_text())["rules"]
    }
    return rules[rule]


def write(folder: Path, name: str, language: str, line: str) -> Path:
    if language == "python":
        path, text = folder / f"planted_{name}.py", f"{IMPORTS}\n{line}\n"
    else:
        path, text = folder / f"planted_{name}.tsx", f"{line}\n"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The rules that semgrep finds broken, by the name of the planted file."""
    folder = tmp_path_factory.mktemp("planted")
    for rule, lines in FAULTS.items():
        for number, line in enumerate(lines):
            write(folder, f"{rule}_{number}", language_of(rule), line)
    for language, lines in CORRECT.items():
        for number, line in enumerate(lines):
            write(folder, f"correct-{language}_{number}", language, line)
    command = f"{TOOLS}/semgrep scan --metrics off --disable-version-check --quiet".split()
    done = subprocess.run(  # noqa: S603 - a tool of this repository
        [*command, "--no-git-ignore", "--json", "--config", str(RULES), str(folder)],
        capture_output=True,
        check=True,
        cwd=folder,
        env=os.environ | {"PATH": f"{TOOLS}:{os.environ['PATH']}"},  # noqa: TID251 - for a process
    )
    broken: dict[str, set[str]] = {}
    answer: dict[str, Any] = json.loads(done.stdout)
    assert not answer["errors"]
    for each in answer["results"]:
        rule = each["check_id"].rpartition(".")[2]
        broken.setdefault(Path(each["path"]).stem, set()).add(rule)
    return broken


def test_each_rule_has_a_planted_fault() -> None:
    files = RULES.glob("*.yaml")
    rules = [each["id"] for file in files for each in yaml.safe_load(file.read_text())["rules"]]

    assert sorted(rules) == sorted(FAULTS)


@pytest.mark.parametrize(
    ("rule", "number"),
    [(rule, number) for rule, lines in FAULTS.items() for number in range(len(lines))],
)
def test_semgrep_finds_a_planted_fault(found: dict[str, set[str]], rule: str, number: int) -> None:
    assert rule in found.get(f"planted_{rule}_{number}", ())


def test_semgrep_accepts_correct_code(found: dict[str, set[str]]) -> None:
    assert not [name for name in found if "correct" in name]


@pytest.mark.parametrize(
    ("line", "rule"), [("hashlib.md5(b'')", "B324"), ("tempfile.mktemp()", "B306")]
)
def test_bandit_finds_a_planted_fault(tmp_path: Path, line: str, rule: str) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(f"import hashlib\nimport tempfile\n\n{line}\n")

    done = subprocess.run(  # noqa: S603 - a tool of this repository
        [
            *(TOOLS / "bandit", "--quiet", "--configfile", ROOT / "pyproject.toml"),
            *("--severity-level", "medium", "--format", "json", planted),
        ],
        capture_output=True,
        check=False,
    )

    assert done.returncode == 1
    assert [each["test_id"] for each in json.loads(done.stdout)["results"]] == [rule]
