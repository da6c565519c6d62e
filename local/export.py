"""Writes the application as AWS receives it, for linters that support neither SAM nor YAML.

`python -m local.export DIRECTORY` writes `template.json` after the SAM transform, and each state
machine as `*.asl.json` with substituted numbers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from local.application import definition, transformed

MACHINES: Final = ("job", "bulk", "export")
PARAMETERS: Final = {
    "JwtIssuer": "https://issuer.example",
    "JwtAudience": "shoal",
    "WaitSeconds": "60",
}


def main(folder: Path) -> None:
    """Writes the template and the state machines."""
    folder.mkdir(parents=True, exist_ok=True)
    template = transformed("s3://artifacts/functions", "s3://artifacts/layer", PARAMETERS)
    for each in template["Resources"].values():
        if each["Type"] == "AWS::CloudFormation::Stack":  # `sam deploy` packages it
            file = each["Properties"]["TemplateURL"]
            each["Properties"]["TemplateURL"] = f"https://artifacts.s3.amazonaws.com/{file}"
    documents = {
        "template.json": template,
        **{
            f"{name}.asl.json": definition(f"statemachine/{name}.asl.yaml", PARAMETERS)
            for name in MACHINES
        },
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
