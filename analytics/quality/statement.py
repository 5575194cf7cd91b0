"""The statements that judge a port's rules: one for all rules on records, and one a rule on the table.

Every statement has one row: for each of its rules how many rows have something to judge, how many of them
are at fault, and the least keys of these. It reads the view in clear, of which readers see the masked side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from analytics.quality.condition import ROW, broken, column, given, lacking, present
from analytics.quality.upkeep import Growing, Speaking
from mesh.kernel.reference import Reference
from mesh.kernel.table_rules import SHOWN, Share, Unique, entity_key

if TYPE_CHECKING:
    from analytics.quality.rule_names import Laid
    from mesh.kernel.contract import Port
    from mesh.kernel.quality import Rule


class Statement(NamedTuple):
    """A statement, and the names of the rules that it judges, in the order of its answer."""

    rules: tuple[str, ...]
    sql: str


@dataclass(frozen=True)
class Scene:
    """What rules are judged against, beside the rows of their table."""

    ports: Mapping[str, Port]
    """Every port, for those that a field refers to."""
    moment: datetime
    """As of when."""


def statements(port: Port, rules: Mapping[str, Laid], scene: Scene) -> Iterator[Statement]:
    """The statements for some rules of a port by their names; raise :class:`ContractError` for a reference
    that leads nowhere.
    """
    on_records: dict[str, Rule] = {}
    for name, rule in rules.items():
        match rule:
            case Unique():
                yield Statement((name,), _unique(port, rule))
            case Share():
                yield Statement((name,), _share(port, rule))
            case Reference():
                yield Statement((name,), _reference(port, rule, rule.target(scene.ports)))
            case Speaking():
                yield Statement((name,), _speaking(port, rule, scene.moment))
            case Growing():
                yield Statement((name,), _growing(port))
            case _:
                on_records[name] = rule
    if on_records:
        yield _of_records(port, on_records)


def _of_records(port: Port, rules: Mapping[str, Rule]) -> Statement:
    counts = []
    for number, rule in enumerate(rules.values()):
        fault = broken(rule, port.record)
        counts.append(_counts(given(rule, port.record), fault, f"fault_{number}", port.table_key))
    return Statement(
        tuple(rules), "SELECT\n  {}\nFROM {} AS {}".format(",\n  ".join(counts), _view(port), ROW)
    )


def _counts(judged: str, fault: str, name: str, key: tuple[str, ...]) -> str:
    """The three answers about one rule; the condition is written once and called by a name after that."""
    keys = f"groupArraySortedIf({SHOWN})({_key(key)}, {name})"
    return f"countIf({judged}), countIf({fault} AS {name}), {_shown(keys, key)}"


def _share(port: Port, rule: Share) -> str:
    judged, fault = given(rule.rule, port.record), broken(rule.rule, port.record)
    return f"SELECT\n  {_counts(judged, fault, 'fault', entity_key(port))}\nFROM ({_newest(port)}) AS {ROW}"


def _unique(port: Port, rule: Unique) -> str:
    value, key = column(rule.field), entity_key(port)
    least = f"arraySlice(arraySort(arrayFlatten(groupArrayIf(keys, owners > 1))), 1, {SHOWN})"
    return (
        f"SELECT\n  sum(owners), sumIf(owners, owners > 1), {_shown(least, key)}\n"
        f"FROM (SELECT count() AS owners, groupArraySorted({SHOWN})({_key(key)}) AS keys "
        f"FROM ({_newest(port)}) AS {ROW} WHERE isNotNull({value}) GROUP BY {value})"
    )


def _reference(port: Port, rule: Reference, target: Port) -> str:
    fault = lacking(rule.field, port.record, f"SELECT `{rule.to}` FROM {_view(target)}")
    counts = _counts(present(rule.field, port.record), fault, "fault", port.table_key)
    return f"SELECT\n  {counts}\nFROM {_view(port)} AS {ROW}"


def _speaking(port: Port, rule: Speaking, moment: datetime) -> str:
    """The table is judged as one; the row to look at is the newest."""
    silent = f"max({ROW}._published_at) < fromUnixTimestamp64Micro({_micros(moment)}) - {rule.seconds}"
    newest = f"if(count() = 0, [], [argMax({_key(port.table_key)}, {ROW}._published_at)])"
    shown = _shown(newest, port.table_key)
    return f"SELECT 1, toUInt64(count() = 0 OR {silent}), {shown}\nFROM {_view(port)} AS {ROW}"


def _growing(port: Port) -> str:
    """How many rows there are, and the newest; whether that is odd is for the history to say."""
    newest = (
        f"groupArraySorted({SHOWN})(tuple(-toUnixTimestamp64Micro({ROW}._landed_at), {_key(port.table_key)}))"
    )
    keys = _shown(f"arrayMap(one -> one.2, {newest})", port.table_key)
    return f"SELECT count(), 0, {keys}\nFROM {_view(port)} AS {ROW}"


def _newest(port: Port) -> str:
    """The row of each entity that holds: of its versions the last. The view has one a version already."""
    versions = [name for name in port.table_key if name not in entity_key(port)]
    select = f"SELECT * FROM {_view(port)} AS {ROW}"
    if not versions:
        return select
    order = ", ".join(f"{column(name)} DESC" for name in versions)
    return f"{select} ORDER BY {order} LIMIT 1 BY {', '.join(map(column, entity_key(port)))}"


def _view(port: Port) -> str:
    return f"{port.view}_clear"


def _key(names: tuple[str, ...]) -> str:
    return f"tuple({', '.join(map(column, names))})"


def _shown(keys: str, names: tuple[str, ...]) -> str:
    """Keys as lists of texts."""
    parts = ", ".join(f"toString(tupleElement(key, {place}))" for place in range(1, len(names) + 1))
    return f"arrayMap(key -> [{parts}], {keys})"


def _micros(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
