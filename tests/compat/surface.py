"""Public names: variables, metrics, commands, the client, the SDK and the template.

Help texts and descriptions are not part of it, because they may be reworded.
"""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any, Final, get_args

import typer.main
import yaml

import shoal
from shoal.cli import exit_codes
from shoal.cli.app import app

type Json = Any

REPOSITORY: Final = Path(__file__).parents[2]
PUBLIC: Final = ("shoal", "shoal.client", "shoal.sdk")


def surface(repository: Path = REPOSITORY) -> Json:
    """Collects all public names."""
    template, monitoring = (
        yaml.load((repository / file).read_text(), _Template)  # noqa: S506
        for file in ("template.yaml", "monitoring/template.yaml")
    )
    resources = template["Resources"] | monitoring["Resources"]
    return {
        "variables": _variables(repository),
        "metrics": sorted(_spelled(r"shoal_[a-z_]+|(Tasks|Job|Jobs|Stale|Dead)[A-Z][A-Za-z]+")),
        "commands": _command(typer.main.get_command(app)),
        "exit codes": _exit_codes(),
        "python": {name: _module(name) for name in PUBLIC},
        "template": {
            "parameters": _each(template["Parameters"], "Type", "Default"),
            "resources": _each(resources, "Type", "DeletionPolicy"),
            "names": dict(sorted(_names(resources))),
            "outputs": sorted(template["Outputs"]),
        },
    }


def _variables(repository: Path) -> Json:
    """Environment variables that the code reads, and those that the stacks set."""
    files = (repository / "template.yaml", *(repository / "eks").rglob("*.yaml"))
    given = {name for path in files for name in re.findall(r"\bSHOAL_\w+\b", path.read_text())}
    return {"read": sorted(_spelled(r"SHOAL_[A-Z_]+[A-Z]")), "set": sorted(given)}


def _exit_codes() -> list[int]:
    enums = [each for each in vars(exit_codes).values() if inspect.isclass(each)]
    (found,) = (each for each in enums if each.__module__ == exit_codes.__name__)
    assert issubclass(found, IntEnum)
    return sorted(found)


def _spelled(pattern: str) -> set[str]:
    """String constants of the package that match a pattern."""
    (package,) = shoal.__path__
    nodes = (
        node
        for path in Path(package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
    )
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(pattern, node.value)
    }


def _command(command: Any) -> Json:
    """Describes a command: options by spelling, arguments by position."""
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each not in arguments]
    found: dict[str, Json] = {
        "arguments": {str(place): _parameter(each) for place, each in enumerate(arguments)},
        "options": {
            spelled: _parameter(each)
            for each in options
            for spelled in (*each.opts, *each.secondary_opts)
        },
    }
    commands = getattr(command, "commands", {})
    return found | {"commands": {name: _command(each) for name, each in sorted(commands.items())}}


def _parameter(parameter: Any) -> Json:
    annotation = parameter.type_descriptor.annotation
    choices = get_args(annotation)
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        choices = tuple(each.value for each in annotation)
    return {
        "required": parameter.required,
        "repeats": parameter.nargs != 1 or getattr(parameter, "multiple", False),
        "flag": getattr(parameter, "is_flag", False),
        "choices": sorted(each for each in choices if isinstance(each, str)),
    }


def _module(name: str) -> Json:
    module = importlib.import_module(name)
    return {each: _public(getattr(module, each)) for each in sorted(module.__all__)}


def _public(value: Any) -> Json:
    if not inspect.isclass(value):
        return {"parameters": _parameters(value)} if callable(value) else {}
    members = {
        name: _parameters(member) if callable(member) else "attribute"
        for name, member in inspect.getmembers(value)
        if not name.startswith("_") and _ours(value, name)
    }
    return {
        "bases": [base.__name__ for base in value.__mro__[1:-1] if base.__name__ in _NAMES],
        "fields": sorted(name for name in inspect.get_annotations(value) if name[0] != "_"),
        "members": members,
        "parameters": _parameters(value),
    }


_NAMES: Final = {name for module in PUBLIC for name in importlib.import_module(module).__all__} | {
    "Exception",
    "RuntimeError",
    "ValueError",
}


def _ours(value: type, name: str) -> bool:
    owner = next(base for base in value.__mro__ if name in vars(base))
    return owner.__module__.startswith("shoal.")


def _parameters(value: Any) -> Json:
    try:
        signature = inspect.signature(value)
    except ValueError:
        return {}
    return {
        each.name: {
            "kind": each.kind.name,
            "required": each.default is each.empty and each.kind not in _COLLECTING,
        }
        for each in signature.parameters.values()
        if each.name != "self" and not each.name.startswith("_")
    }


_COLLECTING: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class _Template(yaml.SafeLoader):
    """Loads YAML with the short forms of CloudFormation functions, as text."""


def _short_form(_loader: _Template, suffix: str, node: yaml.Node) -> Json:
    if isinstance(node, yaml.ScalarNode):
        return f"!{suffix} {node.value}"
    return f"!{suffix}"


_Template.add_multi_constructor("!", _short_form)


def _each(section: Json, *names: str) -> Json:
    return {
        key: {name: held[name] for name in names if name in held} for key, held in section.items()
    }


def _names(value: Json, place: str = "") -> Iterator[tuple[str, Json]]:
    """Names and table keys in the template. A change of one replaces its resource."""
    if isinstance(value, dict):
        for name, each in value.items():
            inner = f"{place}.{name}" if place else name
            if name in _NAMING:
                yield inner, each
            else:
                yield from _names(each, inner)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _names(each, f"{place}[{index}]")


_NAMING: Final = frozenset(
    (
        "QueueName",
        "TableName",
        "BucketName",
        "IndexName",
        "KeySchema",
        "AttributeDefinitions",
        "TimeToLiveSpecification",
        "UserPoolName",
        "StateMachineName",
        "Name",
    )
)
