"""Tests of which changes of the contract break callers."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handlers.contract_changes import ON_REQUEST, breaking, main

type Json = Any
type Change = Callable[[Json], object]

ROOT = Path(__file__).parents[3]
BEFORE: Json = {
    "info": {"version": "1"},
    "paths": {
        "/boats/{id}": {
            "post": {
                "operationId": "sailBoat",
                "security": [{"user": ["boats:write"]}],
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}},
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 9}},
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/c/s/Trip"}}}
                },
                "responses": {
                    "201": {
                        "headers": {"Location": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/c/s/Boat"}}},
                    },
                    "404": {},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Trip": {
                "type": "object",
                "required": ["to"],
                "properties": {
                    "to": {"type": "string", "minLength": 1, "maxLength": 9},
                    "speed": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                    "sail": {"enum": ["jib", "main"]},
                    "crew": {"type": "array", "items": {"$ref": "#/c/s/Sailor"}},
                },
            },
            "Sailor": {"type": "object", "properties": {"name": {"type": "string"}}},
            "Boat": {
                "type": "object",
                "required": ["id", "length"],
                "properties": {
                    "id": {"type": "string"},
                    "length": {"type": "integer"},
                    "state": {"enum": ["moored", "at sea"]},
                    "owner": {"anyOf": [{"$ref": "#/c/s/Sailor"}, {"type": "null"}]},
                    "tender": {"$ref": "#/c/s/Boat"},
                },
            },
        }
    },
}


def changed(change: Change) -> Json:
    document = copy.deepcopy(BEFORE)
    change(document)
    return document


def operation(document: Json) -> Json:
    return document["paths"]["/boats/{id}"]["post"]


def fields(document: Json, name: str) -> Json:
    return document["components"]["schemas"][name]["properties"]


def schema(document: Json, name: str) -> Json:
    return document["components"]["schemas"][name]


BREAKING: dict[str, Change] = {
    "POST /boats/{id}: was removed": lambda d: d["paths"].clear(),
    "was renamed to x": lambda d: operation(d).update(operationId="x"),
    "requires other scopes": lambda d: operation(d).update(security=[{"user": ["admin"]}]),
    "query parameter limit: was removed": lambda d: operation(d)["parameters"].pop(),
    "query parameter limit: is now required": lambda d: operation(d)["parameters"][1].update(
        required=True
    ),
    "query parameter limit: maximum was 9, is 8": lambda d: operation(d)["parameters"][1][
        "schema"
    ].update(maximum=8),
    "header parameter key: is new and required": lambda d: operation(d)["parameters"].append(
        {"in": "header", "name": "key", "required": True, "schema": {}}
    ),
    "now requires a body": lambda d: operation(d)["requestBody"].update(required=True),
    "no longer takes a body": lambda d: operation(d).pop("requestBody"),
    "body: application/json was removed": lambda d: operation(d)["requestBody"].update(content={}),
    "201: is no longer returned": lambda d: operation(d)["responses"].pop("201"),
    "202: is a new success status": lambda d: operation(d)["responses"].update({"202": {}}),
    "header Location was removed": lambda d: operation(d)["responses"]["201"].pop("headers"),
    "body.sail: was removed": lambda d: fields(d, "Trip").pop("sail"),
    "body.sail: is now required": lambda d: schema(d, "Trip").update(required=["to", "sail"]),
    "body.wind: is now required": lambda d: (
        fields(d, "Trip").update(wind={}),
        schema(d, "Trip").update(required=["to", "wind"]),
    ),
    "body.to: was string, is integer": lambda d: fields(d, "Trip")["to"].update(type="integer"),
    "body.to: minLength was 1, is 2": lambda d: fields(d, "Trip")["to"].update(minLength=2),
    "body.to: maxLength was 9, is 8": lambda d: fields(d, "Trip")["to"].update(maxLength=8),
    "body.to: pattern was None, is ^a": lambda d: fields(d, "Trip")["to"].update(pattern="^a"),
    "body.sail: no longer takes 'jib'": lambda d: fields(d, "Trip")["sail"].update(enum=["main"]),
    "body.speed: no longer takes null": lambda d: fields(d, "Trip")["speed"]["anyOf"].pop(),
    "body.crew[].name: was string": lambda d: fields(d, "Sailor")["name"].update(type="integer"),
    "body: no longer takes additional fields": lambda d: schema(d, "Trip").update(
        additionalProperties=False
    ),
    "201.length: was removed": lambda d: fields(d, "Boat").pop("length"),
    "201.length: may now be missing": lambda d: schema(d, "Boat").update(required=["id"]),
    "201.length: was integer, is number": lambda d: fields(d, "Boat")["length"].update(
        type="number"
    ),
    "201.state: may now be 'sunk'": lambda d: fields(d, "Boat")["state"]["enum"].append("sunk"),
    "201.owner: may now be string": lambda d: fields(d, "Boat")["owner"]["anyOf"].append(
        {"type": "string"}
    ),
    "201.id: may now be null": lambda d: fields(d, "Boat").update(
        id={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
}

HARMLESS: dict[str, Change] = {
    "nothing": lambda d: d,
    "a new path": lambda d: d["paths"].update({"/x": {"get": {"responses": {}}}}),
    "a new optional parameter": lambda d: operation(d)["parameters"].append(
        {"in": "query", "name": "q", "schema": {"type": "string"}}
    ),
    "a new optional field of a body": lambda d: fields(d, "Trip").update(wind={"type": "number"}),
    "a new field of an answer": lambda d: fields(d, "Boat").update(wind={"type": "number"}),
    "a field is optional now": lambda d: schema(d, "Trip").update(required=[]),
    "a field is always answered now": lambda d: schema(d, "Boat").update(
        required=["id", "length", "state"]
    ),
    "a body takes more values": lambda d: fields(d, "Trip")["sail"]["enum"].append("kite"),
    "a body takes more types": lambda d: fields(d, "Trip").update(
        to={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "a body takes longer words": lambda d: fields(d, "Trip")["to"].update(maxLength=99),
    "an answer has a value that only newer requests get": lambda d: fields(d, "Boat")[
        "state"
    ].update({"enum": ["moored", "at sea", "sunk"], ON_REQUEST: ["sunk"]}),
    "an answer has fewer values": lambda d: fields(d, "Boat")["state"]["enum"].pop(),
    "a response is no longer null": lambda d: fields(d, "Boat")["owner"]["anyOf"].pop(),
    "another security scheme": lambda d: operation(d)["security"].append({"worker": []}),
    "open to all": lambda d: operation(d).update(security=[{}]),
    "a new problem": lambda d: operation(d)["responses"].update({"429": {}}),
    "a removed problem": lambda d: operation(d)["responses"].pop("404"),
    "a summary": lambda d: operation(d).update(summary="Sail", description="Off"),
}


@pytest.mark.parametrize("what", BREAKING)
def test_a_breaking_change_is_reported(what: str) -> None:
    found = breaking(BEFORE, changed(BREAKING[what]))

    assert any(what in each for each in found), found


@pytest.mark.parametrize("what", HARMLESS)
def test_a_compatible_change_is_accepted(what: str) -> None:
    assert breaking(BEFORE, changed(HARMLESS[what])) == []


def test_a_new_major_version_can_break_callers(tmp_path: Path) -> None:
    old, broken, major = (tmp_path / name for name in ("old", "broken", "major"))
    without = changed(lambda d: d["paths"].clear())
    old.write_text(json.dumps(BEFORE))
    broken.write_text(json.dumps(without))
    major.write_text(json.dumps(without | {"info": {"version": "2"}}))

    results = [main([str(old), str(each)]) for each in (old, broken, major)]

    assert results == [0, 1, 0]


def test_the_current_contract_does_not_break_callers_of_the_released_one() -> None:
    released, now = (
        json.loads((ROOT / "docs" / name).read_text())
        for name in ("openapi.released.json", "openapi.json")
    )

    assert breaking(released, now) == []
