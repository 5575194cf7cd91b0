"""Takes a whole record through the personal seam: protects or reveals its personal fields, however deep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mesh.kernel.event import Record
from schemas.derive import field_annotation, is_personal, nested_record
from schemas.personal import protect, reveal


@dataclass(frozen=True, slots=True)
class Seam:
    """Where the personal text of a record class is: in fields of its own, and in nested records."""

    fields: tuple[tuple[str, str | None], ...]
    """Personal field, and the field of the outermost record that names the person."""
    nested: tuple[tuple[str, bool, Seam], ...]
    """Field, whether it is a list, and the seam of the record class in it."""
    personal: bool
    """Whether there is any personal text, here or deeper."""

    @classmethod
    def of(cls, record: type[Record], subjects: Mapping[str, str], path: str = "") -> Seam:
        """The seam of a record class; ``subjects`` names the person's field by dotted path of the text."""
        fields, nested = [], []
        for name, field in record.model_fields.items():
            annotation = field_annotation(field)
            inner, many = nested_record(annotation)
            if is_personal(annotation):
                fields.append((name, subjects.get(path + name)))
            elif inner is not None:
                nested.append((name, many, cls.of(inner, subjects, f"{path}{name}.")))
        return cls(tuple(fields), tuple(nested), bool(fields) or any(seam.personal for _, _, seam in nested))

    def protect(self, values: Mapping[str, Any], outermost: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of ``values`` as it goes on the wire: personal text protected, nested records as dicts."""
        protected = dict(values)
        for name, subject in self.fields:
            text = protected.get(name)
            if text is not None:
                person = "" if subject is None else str(outermost.get(subject) or "")
                protected[name] = protect(person, name, text)
        for name, many, seam in self.nested:
            value = protected.get(name)
            if value is not None:
                protected[name] = (
                    [seam.protect(_mapping(item), outermost) for item in value]
                    if many
                    else seam.protect(_mapping(value), outermost)
                )
        return protected

    def reveal(self, values: dict[str, Any]) -> dict[str, Any]:
        """``values`` itself, its personal fields revealed in place. Raises :class:`ValueError`."""
        for name, _ in self.fields:
            values[name] = reveal(values[name])
        for name, many, seam in self.nested:
            if seam.personal and values[name] is not None:
                for item in values[name] if many else (values[name],):
                    seam.reveal(item)
        return values


def _mapping(value: Any) -> Mapping[str, Any]:
    return value.__dict__ if isinstance(value, Record) else value
