"""The rows that a measure is taken over: one entity's, joined to all that a question asks about them."""

from __future__ import annotations

from analytics.semantic.model import Column, Dimension, Entity, Model
from analytics.semantic.paths import Step, path
from analytics.semantic.scope import Elsewhere, meaning
from analytics.semantic.shares import NUMBERS, divided, weights
from analytics.semantic.sources import Moment, Wanted, indented, is_local, made_of, quoted, rows
from analytics.semantic.template import Reference, parse


class Frame:
    """Gathers what is asked of the rows of one entity; then :meth:`source` gives the joined rows.

    Joins that go from many rows to one never multiply rows. Where a question must go the other way,
    :attr:`multiplies` says so, and whoever reads the rows counts each only once in a group. What lies on the
    many side is joined as a whole, a *branch*: a row has no partner there only if nothing that was asked for
    is found in any of it, and not if one of many has none.
    """

    def __init__(self, model: Model, entity: str, moment: Moment) -> None:
        self._model = model
        self._moment = moment
        self._nodes = model.nodes() | {entity: entity}
        self.entity = model.entities[entity]
        self._wanted: dict[str, dict[str, Wanted]] = {entity: {}}
        self._steps: dict[str, Step] = {}
        """By the node that they lead to."""
        self._branch: dict[str, str] = {}
        """Where a node lies on the many side: the first node of that branch."""
        self._asked: dict[str, set[str]] = {}
        """By branch: the nodes of which one must be found."""

    @property
    def multiplies(self) -> bool:
        """Whether a row may occur several times."""
        return not all(step.forward for step in self._steps.values())

    def dimension(self, node: str, dimension: Dimension) -> str:
        """A dimension at a node as SQL, reached from the entity."""
        branch = asked = ""
        for step in path(self._model, self.entity.name, node):
            self._steps.setdefault(step.target, step)
            if not step.forward:
                branch, asked = branch or step.target, step.target
            if branch:
                self._branch[step.target] = branch
            one, many = step.ends
            for name in step.columns:
                self._column(many, name)
            for name in self._entity(one).key:
                self._column(one, name)
        if branch:
            self._asked.setdefault(branch, set()).add(asked)
            self._column(asked, self._entity(asked).key[0])
        return self._expression(node, Wanted(dimension.expression, dimension.name, dimension.clear))

    def expression(self, text: str) -> str:
        """An expression over the entity's own rows as SQL."""
        return self._expression(self.entity.name, Wanted(text))

    def column(self, name: str) -> str:
        """A column of the entity as SQL."""
        return self._column(self.entity.name, name)

    def source(self) -> str:
        """The joined rows, as they stand after FROM."""
        for name in self.entity.key:
            self.column(name)
        parts = [f"({self._rows(self.entity.name)}) AS {quoted(self.entity.name)}"]
        for node, step in self._steps.items():
            if node not in self._branch:
                parts.append(
                    f"LEFT ANY JOIN ({self._rows(node)}) AS {quoted(node)} ON {self._condition(step)}"
                )
        for branch in self._asked:
            step = self._steps[branch]
            pairs = zip(step.columns, self._entity(step.source).key, strict=True)
            on = " AND ".join(
                f"{self._plain(branch, f'{branch} {many}')} = {self._plain(step.source, one)}"
                for many, one in pairs
            )
            parts.append(f"LEFT JOIN (\n{indented(self._branched(branch))}\n) AS {quoted(branch)} ON {on}")
        return "\n".join(parts)

    def _branched(self, branch: str) -> str:
        """The rows of a branch, with the columns of each of its nodes as ``<node> <column>``."""
        nodes = [node for node, first in self._branch.items() if first == branch]
        selected = [
            f"{self._plain(node, name)} AS {quoted(f'{node} {name}')}"
            for node in nodes
            for name in self._wanted[node]
        ]
        sql = f"SELECT {', '.join(selected)}\nFROM ({self._rows(branch)}) AS {quoted(branch)}"
        for node in nodes:
            step = self._steps[node]
            if node != branch:
                join = "LEFT ANY JOIN" if step.forward else "LEFT JOIN"
                sql += f"\n{join} ({self._rows(node)}) AS {quoted(node)} ON {self._condition(step)}"
        asked = sorted(self._asked[branch])
        if branch not in asked:
            found = (f"{self._plain(node, self._entity(node).key[0])} IS NOT NULL" for node in asked)
            sql += f"\nWHERE {' OR '.join(found)}"
        return sql

    def _condition(self, step: Step) -> str:
        one, many = step.ends
        pairs = zip(step.columns, self._entity(one).key, strict=True)
        return " AND ".join(f"{self._plain(many, name)} = {self._plain(one, key)}" for name, key in pairs)

    @staticmethod
    def _plain(node: str, name: str) -> str:
        return f"{quoted(node)}.{quoted(name)}"

    def _entity(self, node: str) -> Entity:
        return self._model.entities[self._nodes[node]]

    def _column(self, node: str, name: str) -> str:
        return self._given(node, name, Wanted(f"{{{name}}}", name))

    def _given(self, node: str, name: str, wanted: Wanted) -> str:
        self._wanted.setdefault(node, {})[name] = wanted
        branch = self._branch.get(node)
        return self._plain(branch, f"{node} {name}") if branch else self._plain(node, name)

    def _expression(self, node: str, wanted: Wanted) -> str:
        """What lies within one entity is worked out beneath the joins, the rest above them."""
        entity, parts = self._entity(node), parse(wanted.text)
        if len(parts) == 1 and isinstance(parts[0], Reference):
            found = meaning(self._model, entity, parts[0].name, wanted.inside)
            if isinstance(found, Dimension):
                return self._expression(node, made_of(found, wanted))
            if isinstance(found, Column) and not (wanted.clear and found.mask):
                return self._column(node, found.name)
        if is_local(self._model, entity, wanted):
            return self._given(node, self._name(node, wanted), wanted)
        sql = [self._part(node, part.name, wanted) if isinstance(part, Reference) else part for part in parts]
        return f"({''.join(sql)})"

    def _part(self, node: str, name: str, wanted: Wanted) -> str:
        found = meaning(self._model, self._entity(node), name, wanted.inside)
        if isinstance(found, Elsewhere):
            return self.dimension(found.node, found.dimension)
        if isinstance(found, Dimension):
            return self._expression(node, made_of(found, wanted))
        if isinstance(found, Column):
            return self._expression(node, Wanted(f"{{{name}}}", wanted.inside, wanted.clear))
        return self._moment.given(name)

    def _name(self, node: str, wanted: Wanted) -> str:
        """The name that an expression gets: the dimension's, unless a column is called so that is another."""
        known = self._wanted.setdefault(node, {})
        same = [name for name, one in known.items() if one == wanted]
        if same:
            return same[0]
        name = wanted.inside or "value"
        taken = self._entity(node).columns.keys() | known.keys()
        if name in taken and wanted != Wanted(f"{{{name}}}", name):
            name = next(f"{name} {n}" for n in range(2, 100) if f"{name} {n}" not in taken)
        return name

    def _rows(self, node: str) -> str:
        entity = self._entity(node)
        if entity.share is None:
            return rows(self._model, entity, self._wanted[node], self._moment)
        return self._shared(entity)

    def _shared(self, entity: Entity) -> str:
        """The rows of a share: the whole's, each with its lines, taken apart."""
        share = entity.share
        assert share is not None
        lines, whole = share.lines, Frame(self._model, share.of, self._moment)
        kept = [lines.number, *lines.keep]
        taken = [name for name in entity.columns if name not in kept and name not in share.amounts]
        selected = [f"{whole.column(name)} AS {quoted(name)}" for name in taken]
        for name in kept:
            of_lines = f"lines.{quoted(name)}"
            selected.append(f"if(empty({of_lines}), [NULL], {of_lines}) AS {quoted(name)}")
        selected += [f"lines.{quoted(lines.number)} AS {NUMBERS}", *weights(f"lines.{quoted(lines.weight)}")]
        for name, amount in share.amounts.items():
            selected += divided(name, whole.expression(amount))
        listed = ", ".join(
            f"{quoted(lines.elements)}.{quoted(name)} AS {quoted(name)}"
            for name in dict.fromkeys((*kept, lines.weight))
        )
        names = ", ".join(map(quoted, (*taken, *kept, *share.amounts)))
        apart = ", ".join(map(quoted, (*kept, *share.amounts)))
        stretch = self._moment.stretch
        within = f" WHERE {stretch.holds(quoted(lines.by))}" if stretch else ""
        return (
            f"SELECT {names} FROM (SELECT {', '.join(selected)}\nFROM {whole.source()}\n"
            f"LEFT ANY JOIN (SELECT {quoted(lines.by)}, {listed} FROM {share.view}{within}) AS lines"
            f" ON {quoted(share.of)}.{quoted(lines.by)} = lines.{quoted(lines.by)}) ARRAY JOIN {apart}"
        )
