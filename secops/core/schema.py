"""Dataclass -> JSON Schema (draft 2020-12), so that what machines read is described by the code that writes it."""

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from enum import StrEnum

from secops.core.events import SCHEMA, Summary
from secops.core.finding import Case, Finding, Transition
from secops.core.model import Change, Coverage, Decision, Entity, Observation, Organisation, Relation

Schema = dict[str, object]

RECORDS: dict[str, type] = {
    "observation": Observation,
    "decision": Decision,
    "coverage": Coverage,
    "entity": Entity,
    "relation": Relation,
    "change": Change,
    "organisation": Organisation,
    "finding": Finding,
    "transition": Transition,
    "case": Case,
    "summary": Summary,
}
"""The records a script may meet, by the word `secops schema` takes."""

_SIMPLE: dict[object, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    object: {},
    typing.Any: {},
}


def schema(name: str) -> Schema:
    """The JSON Schema of one record. Raises KeyError for an unknown word."""
    record = RECORDS[name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SCHEMA.replace('/', ':')}:{name}",
        "title": name,
        **_of(record),
    }


def _of(kind: object) -> Schema:
    if kind in _SIMPLE:
        return dict(_SIMPLE[kind])
    if supertype := getattr(kind, "__supertype__", None):
        return {"description": getattr(kind, "__name__", ""), **_of(supertype)}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return {"anyOf": [_of(each) for each in arguments]}
    if origin is tuple:
        return _tuple(arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(arguments[1])}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return {"type": "array", "items": _of(arguments[0])}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": "string", "enum": [str(each) for each in kind]}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _record(kind)
    raise TypeError(f"no schema for {kind!r}")


def _tuple(arguments: tuple[object, ...]) -> Schema:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0])}
    many = len(arguments)
    return {"type": "array", "prefixItems": [_of(each) for each in arguments], "minItems": many, "maxItems": many}


def _record(kind: type) -> Schema:
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    needed = [
        each.name
        for each in fields
        if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
    ]
    about = (kind.__doc__ or "").strip().splitlines()[0] if kind.__doc__ else ""
    return {
        "description": about,
        "type": "object",
        "properties": {each.name: _of(hints[each.name]) for each in fields},
        "required": needed,
    }
