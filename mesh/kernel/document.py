"""YAML documents that remember where every value stands, so that an error can name file and line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from mesh.kernel.errors import ContractError, did_you_mean


@dataclass(frozen=True)
class Node:
    """One value of a document with its place; mappings and lists hold nodes.

    ``value`` is a ``dict[str, Node]``, a ``list[Node]`` or a scalar (str, int, float, bool, date, None).
    """

    value: Any
    file: str
    line: int

    @property
    def place(self) -> str:
        """``<file>:<line>``, as errors print it."""
        return f"{self.file}:{self.line}"

    def fault(self, code: str, what: str, remedy: str = "") -> ContractError:
        """The error to raise about this value."""
        return ContractError(code, what, place=self.place, remedy=remedy)

    def get(self, key: str) -> Node | None:
        """The value under a key of this mapping; None when it is absent or null."""
        child: Node | None = self._mapping().get(key)
        return None if child is None or child.value is None else child

    def need(self, key: str) -> Node:
        """The value under a key of this mapping; an error when it is absent or null."""
        child = self.get(key)
        if child is None:
            raise self.fault("key-missing", f"{key!r} is missing here", f"add {key}: …")
        return child

    def items(self) -> Iterator[tuple[str, Node]]:
        """Keys and values of this mapping."""
        return iter(self._mapping().items())

    def elements(self, key: str) -> list[Node]:
        """The elements of the list under a key of this mapping; none when it is absent."""
        child = self.get(key)
        if child is None:
            return []
        if not isinstance(child.value, list):
            raise child.fault("type-wrong", f"{key!r} must be a list")
        return child.value

    def members(self) -> list[Node]:
        """The elements of this list."""
        if not isinstance(self.value, list):
            raise self.fault("type-wrong", f"{self.plain()!r} must be a list")
        return self.value

    def text(self) -> str:
        """This value as text; an error when it is none or empty."""
        if not isinstance(self.value, str) or not self.value:
            raise self.fault("type-wrong", f"{self.plain()!r} must be text", "write it in quotes")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """This list as a tuple of texts."""
        if not isinstance(self.value, list):
            raise self.fault("type-wrong", "must be a list of texts")
        return tuple(element.text() for element in self.value)

    def number(self) -> Decimal:
        """This number, exactly as it is written."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.fault("type-wrong", f"{self.plain()!r} must be a number")
        return Decimal(str(self.value))

    def only(self, *known: str) -> None:
        """Refuse keys of this mapping that are not known."""
        for key, child in self.items():
            if key not in known:
                raise child.fault("key-unknown", f"{key!r} has no meaning here", did_you_mean(key, known))

    def one_of(self, known: tuple[str, ...], code: str) -> str:
        """This text, which must be one of a closed list."""
        text = self.text()
        if text not in known:
            raise self.fault(code, f"{text!r} is not known", did_you_mean(text, known))
        return text

    def at(self, path: Iterator[str | int] | list[str | int]) -> Node:
        """The node that a path of keys and indices leads to, or the last one on the way that exists."""
        node = self
        for step in path:
            try:
                node = node.value[step]
            except (KeyError, IndexError, TypeError):
                break
        return node

    def plain(self) -> Any:
        """This value without its places."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def _mapping(self) -> dict[str, Node]:
        if not isinstance(self.value, dict):
            raise self.fault("type-wrong", f"{self.plain()!r} must be a mapping of keys to values")
        return self.value


# libyaml reads ten times as fast; where PyYAML was built without it, its own parser reads the same.
LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_document(path: Path, shown_as: str = "") -> Node:
    """Read one YAML document. ``shown_as`` names the file in errors; raises :class:`ContractError`."""
    name = shown_as or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ContractError("file-missing", f"cannot be read ({error.strerror})", place=name) from None
    except UnicodeDecodeError:
        raise ContractError("yaml-broken", "is not text in UTF-8", place=name) from None
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Node:
    """Parse one YAML document. ``name`` names its file in errors; raises :class:`ContractError`."""
    try:
        loader = LOADER(text)
        root = loader.get_single_node()
        if root is None:
            raise ContractError("file-empty", "holds nothing", place=name)
        return _node(loader, root, name)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}" if mark else name
        problem = getattr(error, "problem", None) or "is not YAML"
        raise ContractError("yaml-broken", problem, place=place) from None


def _node(loader: Any, node: yaml.Node, file: str) -> Node:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Node] = {}
        for key_node, child in node.value:
            key = str(loader.construct_object(key_node))
            if key in mapping:
                raise ContractError(
                    "key-repeated", f"{key!r} is given twice", place=f"{file}:{key_node.start_mark.line + 1}"
                )
            mapping[key] = _node(loader, child, file)
        return Node(mapping, file, line)
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(loader, child, file) for child in node.value], file, line)
    return Node(loader.construct_object(node), file, line)
