"""The loop that joins a batch, written for one splice and compiled once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from streams.engine.avro.meaning import bare
from streams.engine.avro.reader import Reader
from streams.engine.avro.rewrite import Schemas, UnreadableError
from streams.engine.avro.splice import Splice
from streams.engine.avro.walk import ItemsWalker
from streams.engine.avro.walk_pattern import UnrecognisableError, item_pattern
from streams.engine.avro.walk_program import item_program
from streams.engine.fold import Fetched, OutputRow, Rejection
from streams.engine.kernel import KERNEL

Tables = Mapping[str, Mapping[bytes, bytes]]
"""By prefix, the blocks of a dimension's members (:class:`~streams.engine.avro.members.Members`)."""

Loop = Callable[[Iterable[Fetched], list[OutputRow]], Iterator[Rejection]]


class Join:
    """Joins facts with the members of a splice's dimensions; rows keep key and timestamp."""

    def __init__(self, splice: Splice, schemas: Schemas | None = None) -> None:
        self._splice = splice
        self._reader = Reader(
            splice.fact,
            schemas,
            keys=splice.own_keys,
            items=splice.items,
            item_keys=splice.item_keys,
        )
        self._source = source(splice)
        self._names = {"match": _match(splice), "frame": splice.row.header}
        if splice.items is not None:
            walker = ItemsWalker(bare(splice.fact.record), splice.items, splice.item_keys, canonical=True)
            self._names["walk"] = walker.walk

    @property
    def rewritten(self) -> int:
        """How many facts were decoded and encoded."""
        return self._reader.rewritten

    def over(self, tables: Tables) -> Loop:
        """The join with these tables: (facts, rows to be added to) -> the facts that cannot be read.

        A generator: the rows are there when it is exhausted. Each rejection comes before the next fact is
        looked at. The facts have values.
        """
        rare = self._rare(tables)
        kernel = self._kernel(tables)
        if kernel is not None:
            return _by_kernel(kernel, rare)
        names: dict[str, Any] = {**self._names, "rare": rare, "concat": b"".join}
        for place, block in enumerate(self._splice.blocks):
            names |= {f"get{place}": tables[block.prefix].get, f"null{place}": block.null}
        exec(compile(self._source, "<join>", "exec"), names)  # noqa: S102 - our own text
        join: Loop = names["join"]
        return join

    def _kernel(self, tables: Tables) -> Any:
        """The compiled loop, if there is a kernel and the facts have a common form; else None."""
        if KERNEL is None:
            return None
        splice = self._splice
        keys = (*splice.own_keys, *splice.item_keys)
        try:
            fact = _program(_own_record(splice), splice.own_keys)
            item = None if splice.items is None else _program(_item_record(splice), splice.item_keys)
        except UnrecognisableError:
            return None
        return KERNEL.Join(
            fact,
            item,
            splice.fact.header,
            splice.row.header,
            tuple(tables[block.prefix] for block in splice.blocks),
            tuple(block.null for block in splice.blocks),
            tuple(keys.index(dimension.by) for dimension in splice.dimensions),
        )

    def _rare(self, tables: Tables) -> Callable[[Fetched, list[OutputRow]], Rejection | None]:
        """Joins one fact in any form, without haste."""
        splice, frame = self._splice, self._splice.row.header
        lookups = [
            (tables[block.prefix].get, dimension.by, block.null)
            for dimension, block in zip(splice.dimensions, splice.blocks, strict=True)
        ]
        places = [(name, self._reader.walker.position[name]) for name in splice.own_keys]

        def rare(record: Fetched, rows: list[OutputRow]) -> Rejection | None:
            _, moment, key, value, _ = record
            assert key is not None
            assert value is not None
            try:
                slices = self._reader.read(value)
            except UnreadableError as problem:
                return Rejection(record, problem.code, str(problem))
            names = {name: slices.field(place) for name, place in places}
            head = frame + slices.value[slices.offsets[0] : slices.offsets[-1]]
            for item, *keys in slices.items if splice.items is not None else [(b"",)]:
                names.update(zip(splice.item_keys, keys, strict=True))
                blocks = [get(names[by], null) for get, by, null in lookups]
                rows.append((key, b"".join((head, item, *blocks)), moment))
            return None

        return rare


def _program(record: dict[str, Any], keys: tuple[str, ...]) -> Any:
    """The kernel's walk of a record, which tells where each key begins and where it ends."""
    assert KERNEL is not None
    return KERNEL.Program(item_program(record, keys), 2 * len(keys))


def _by_kernel(kernel: Any, rare: Callable[[Fetched, list[OutputRow]], Rejection | None]) -> Loop:
    def join(facts: Iterable[Fetched], rows: list[OutputRow]) -> Iterator[Rejection]:
        left = iter(facts)
        while (record := kernel.run(left, rows)) is not None:
            refused = rare(record, rows)
            if refused is not None:
                yield refused

    return join


def source(splice: Splice) -> str:
    """The text of the loop: what is the same for all items of a fact is looked up and joined before them."""
    variable = {name: f"k{n}" for n, name in enumerate((*splice.own_keys, *splice.item_keys))}
    looked_up = [
        f"get{place}({variable[dimension.by]}, null{place})"
        for place, dimension in enumerate(splice.dimensions)
    ]
    own = ", ".join(["body", *(variable[name] for name in splice.own_keys)])
    lines = [
        "def join(facts, rows):",
        "    append = rows.append",
        "    for record in facts:",
        "        value = record[3]",
        "        found = match(value)",
        "        if found is None:",
        "            refused = rare(record, rows)",
        "            if refused is not None:",
        "                yield refused",
        "            continue",
    ]
    if splice.items is None:
        parts = ", ".join(["frame", "body", *looked_up])
        return "\n".join(
            [
                *lines,
                f"        {own}, = found.groups()",
                f"        append((record[2], concat(({parts},)), record[1]))",
                "",
            ]
        )
    groups = ["head", "item"]
    before: list[str] = []
    for place, dimension in enumerate(splice.dimensions):
        if dimension.by in splice.item_keys:
            groups.append(looked_up[place])
        elif groups[-1].startswith("own"):
            before[-1] += f" + {looked_up[place]}"
        else:
            groups.append(f"own{place}")
            before.append(f"own{place} = {looked_up[place]}")
    item = ", ".join(["item", *(variable[name] for name in splice.item_keys)])
    return "\n".join(
        [
            *lines,
            "        try:",
            "            items, end = walk(value, found.end())",
            "        except ValueError:",
            "            end = -1",
            "        if end != len(value):",
            "            refused = rare(record, rows)",
            "            if refused is not None:",
            "                yield refused",
            "            continue",
            f"        {own}, = found.groups()",
            "        key, moment, head = record[2], record[1], frame + body",
            *(f"        {line}" for line in before),
            f"        for {item}, in items:",
            f"            append((key, concat(({', '.join(groups)},)), moment))",
            "",
        ]
    )


def _match(splice: Splice) -> Callable[[bytes], re.Match[bytes] | None]:
    """Recognises facts in the common form, whole or up to their items; captures body and keys."""
    try:
        pattern = re.compile(
            re.escape(splice.fact.header) + item_pattern(_own_record(splice), splice.own_keys)
        )
    except UnrecognisableError:
        return lambda _value: None
    return pattern.fullmatch if splice.items is None else pattern.match


def _own_record(splice: Splice) -> dict[str, Any]:
    """The schema of the facts without their items."""
    record = bare(splice.fact.record)
    return {**record, "fields": [field for field in record["fields"] if field["name"] != splice.items]}


def _item_record(splice: Splice) -> dict[str, Any]:
    """The schema of the facts' items."""
    fields = bare(splice.fact.record)["fields"]
    kind: dict[str, Any] = next(field["type"] for field in fields if field["name"] == splice.items)
    record: dict[str, Any] = kind["items"]
    return record
