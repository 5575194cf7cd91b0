"""An edit: fields given on the command line, or a whole event in a file, made into a new key and value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from mesh.kernel.contract import Port
from mesh.kernel.errors import DeadLetterError, did_you_mean
from mesh.kernel.event import Event
from mesh.publish.check import Checker
from mesh.publish.envelope import stamp
from mesh.publish.json_lines import read_events
from schemas.codec import Codec
from schemas.derive import field_annotation
from schemas.wire import partition


class Mended(NamedTuple):
    """What is published in place of an invalid record."""

    key: bytes
    partition: int
    value: bytes
    edited: tuple[str, ...]
    """The fields that the edit gives; empty when only the key was mended."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be changed: some fields, or the whole event; with neither, the key is made anew."""

    fields: Mapping[str, str]
    event: str | None = None
    """An event as JSON."""
    place: str = "--set"

    @classmethod
    def given(cls, assignments: Sequence[str], file: Path | None, *, rekey: bool) -> Edit | None:
        """The edit of ``--set FIELD=VALUE``, ``--edit FILE.json`` and ``--rekey``; None without any."""
        if file is None:
            fields = dict(_assignment(text) for text in assignments)
            return cls(fields) if fields or rekey else None
        if assignments or rekey:
            raise DeadLetterError(
                "edit-invalid", "a whole event and single fields are given", place="--edit", remedy="give one"
            )
        try:
            event = json.dumps(json.loads(file.read_text(encoding="utf-8")))  # in one line
        except OSError as problem:
            raise DeadLetterError(
                "edit-invalid", f"cannot be read: {problem.strerror}", place=str(file)
            ) from None
        except ValueError:
            raise DeadLetterError(
                "edit-invalid", "is not JSON in UTF-8", place=str(file), remedy="write one event as an object"
            ) from None
        return cls({}, event, str(file))

    def mend(self, port: Port, fields: Mapping[str, Any] | None, checker: Checker, codec: Codec) -> Mended:
        """The record that takes the place of one with these fields (None: it cannot be decoded).

        It is checked like any event that is published. Raises :class:`DeadLetterError`, and
        :class:`PublishError` naming event, field, rule and remedy.
        """
        record = port.record
        if not issubclass(record, Event) or port.application:
            raise DeadLetterError(
                "not-editable",
                "is derived by a stream, not stated by a source",
                place=port.topic,
                remedy="mend the facts that it is derived from; unedited it can be redriven",
            )
        if self.event is not None:
            (values,) = read_events(record, [self.event], self.place)
            values = stamp(port, values)
            edited = tuple(name for name in values if fields is None or values[name] != fields[name])
        elif fields is None:
            raise DeadLetterError(
                "not-editable",
                "the value cannot be decoded, so no field of it can be set",
                place=port.topic,
                remedy="give the whole event with --edit FILE.json, or give the record up with --discard",
            )
        else:
            changes = {name: _value(record, name, text) for name, text in self.fields.items()}
            values, edited = {**fields, **changes}, tuple(changes)
        event, _ = checker.check(record, values)
        valid = event.model_dump()
        owner = None if port.partition_by is None else str(valid[port.partition_by]).encode()
        where = 0 if owner is None else partition(owner, port.partitions)
        return Mended(port.key_of(valid).encode(), where, codec.encode(event), edited)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise DeadLetterError(
            "edit-invalid", f"{text!r} is no assignment", place="--set", remedy="write --set FIELD=VALUE"
        )
    return name, value


def _value(record: type[Event], name: str, text: str) -> Any:
    """The value of a field as it is typed: text, a number, a moment; ``null``; JSON for a list."""
    if name not in record.model_fields:
        raise DeadLetterError(
            "field-unknown",
            f"{name!r} is not a field of {record.__name__}",
            place="--set",
            remedy=did_you_mean(name, record.model_fields),
        )
    kind = TypeAdapter[Any](field_annotation(record.model_fields[name]))
    try:
        if text == "null":
            return kind.validate_python(None)
        if text[:1] in "[{":
            return kind.validate_json(text, strict=True)
        return kind.validate_strings(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise DeadLetterError(
            "edit-invalid", first["msg"][0].lower() + first["msg"][1:], place=f"--set {name}"
        ) from None
