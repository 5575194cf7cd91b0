"""The closed list of error codes: every code of the source stands in the docs, and no other.

The codes are read from the source's syntax: every argument bound to a parameter or field named ``code``,
every ``code`` of a class, and what that value is made of where it is a name, a choice or a function's answer.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from mesh.cli.explain import entries

ROOT = Path(__file__).parents[2]
PACKAGES = ("mesh", "domains", "schemas", "streams", "sinks", "analytics", "observability", "benchmarks")
Module = tuple[str, ast.Module]


@dataclass
class Found:
    """Codes by where they stand, and values of ``code`` that could not be followed to a constant."""

    codes: dict[str, str] = field(default_factory=dict)
    unresolved: list[str] = field(default_factory=list)


def modules() -> list[Module]:
    """Every module of the mesh, by its path."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [(str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def find(source: Iterable[Module]) -> Found:
    """The error codes of modules."""
    modules = list(source)
    takers = _takers(modules)
    functions = [node for _, tree in modules for node in _within(tree) if isinstance(node, ast.FunctionDef)]
    everything = ast.Module(functions, [])
    found = Found()
    for path, tree in modules:
        for value, scopes in _values(tree, takers):
            place = f"{path}:{value.lineno}"
            for text in _texts(value, [everything, *scopes]):
                if text is None:
                    found.unresolved.append(f"{place} {ast.unparse(value)}")
                else:
                    found.codes.setdefault(text, place)
    return found


def _takers(modules: list[Module]) -> dict[str, int]:
    """Callables that take a ``code``, with its position; subclasses take what their bases take."""
    takers: dict[str, int] = {}
    classes = [node for _, tree in modules for node in _within(tree) if isinstance(node, ast.ClassDef)]
    for _, tree in modules:
        for node in _within(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [argument.arg for argument in node.args.args if argument.arg not in ("self", "cls")]
                if "code" in names and node.name != "__init__":
                    takers[node.name] = names.index("code")
    for node in classes:
        init = next((n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
        fields = [
            n.target.id for n in node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
        ]
        names = [argument.arg for argument in init.args.args[1:]] if init else fields
        if "code" in names:
            takers[node.name] = names.index("code")
    known = -1
    while known != len(takers):  # a round for each level of inheritance
        known = len(takers)
        for node in classes:
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id in takers:
                    takers.setdefault(node.name, takers[base.id])
    return takers


@cache
def _within(scope: ast.AST) -> list[ast.AST]:
    """Every node of a scope; those of all modules are asked for again and again."""
    return list(ast.walk(scope))


def _values(tree: ast.Module, takers: dict[str, int]) -> Iterator[tuple[ast.expr, list[ast.AST]]]:
    """Every expression that gives a code, with the scopes around it: the module first, innermost last."""

    def visit(node: ast.AST, scopes: list[ast.AST]) -> Iterator[tuple[ast.expr, list[ast.AST]]]:
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.Assign) and _names(statement) == ["code"]:
                    yield statement.value, scopes
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            at = takers.get(name)
            if at is not None and len(node.args) > at and not isinstance(node.args[at], ast.Starred):
                yield node.args[at], scopes
            if at is not None:
                yield from ((word.value, scopes) for word in node.keywords if word.arg == "code")
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "code":
                    yield value, scopes
        inner = [*scopes, node] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else scopes
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inner)

    yield from visit(tree, [tree])


def _texts(value: ast.expr, scopes: list[ast.AST]) -> Iterator[str | None]:
    """The texts that an expression can be; None where that cannot be told. Numbers are ClickHouse's codes."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Constant():
            return
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body, scopes)
            yield from _texts(orelse, scopes)
        case ast.Attribute(attr="code") | ast.Subscript(slice=ast.Constant(value="code")):
            return  # another error's, found where that one is made
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value="mesh-code"), _]):
            return  # that of a dead letter, found where it was parked
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value="code"), default]):
            yield from _texts(default, scopes)
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            yield from _texts(inner, scopes)
        case ast.Call(func=ast.Name(id=name)):
            yield from _answers(name, scopes)
        case ast.Name(id=name):
            yield from _named(name, scopes)
        case _:
            yield None


def _answers(name: str, scopes: list[ast.AST]) -> Iterator[str | None]:
    """The texts that a function can return: this module's of that name, else any module's."""
    for nodes in (_within(scopes[1]), ast.iter_child_nodes(scopes[0])):
        for node in nodes:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                for answer in ast.walk(node):
                    if isinstance(answer, ast.Return) and answer.value is not None:
                        yield from _texts(answer.value, [*scopes[:2], node])
                return
    yield None


def _named(name: str, scopes: list[ast.AST]) -> Iterator[str | None]:
    """The texts that a name can stand for: a parameter's are found at the calls, an assignment's in it."""
    for scope in reversed(scopes[1:]):
        if name in _parameters(scope):
            if name != "code":
                yield None
            return
        for node in _within(scope):
            if isinstance(node, ast.Assign | ast.AnnAssign) and name in _names(node) and node.value:
                yield from _leading(node.value, scopes)
                return
    yield None


def _parameters(scope: ast.AST) -> list[str]:
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return []
    return [argument.arg for argument in (*scope.args.args, *scope.args.kwonlyargs)]


def _leading(value: ast.expr, scopes: list[ast.AST]) -> Iterator[str | None]:
    """The codes in an assigned value: itself, or the first of each tuple in it and in the tables it names."""
    tuples = [
        node for node in ast.walk(value) if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load)
    ]
    named = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    for statement in _within(scopes[1]):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and named & set(_names(statement)):
            table = statement.value
            if isinstance(table, ast.Dict):
                tuples += [item for item in table.values if isinstance(item, ast.Tuple)]
    if not tuples:
        yield from _texts(value, scopes)
    for found in tuples:
        yield from _texts(found.elts[0], scopes)


def _names(statement: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


@cache
def found() -> Found:
    """What the source holds; read by the first test that asks, not wherever tests are collected."""
    return find(modules())


def test_every_code_of_the_source_is_explained() -> None:
    """A person who meets a code can look it up."""
    missing = {code: place for code, place in found().codes.items() if code not in entries()}
    assert not missing, "add these to portal/docs/errors.md"


def test_every_explained_code_is_in_the_source() -> None:
    """The page lists nothing that cannot happen."""
    assert not sorted(set(entries()) - set(found().codes)), "remove these from portal/docs/errors.md"


def test_every_code_can_be_followed() -> None:
    """No error gets its code from where this test cannot see it."""
    assert not found().unresolved


def test_codes_are_kebab_case() -> None:
    """One grammar: words in small letters, joined by hyphens."""
    assert not [
        code
        for code in found().codes
        if not all(word.isalpha() and word.islower() for word in code.split("-"))
    ]


@pytest.mark.parametrize(
    ("source", "codes", "unresolved"),
    [
        ("raise MeshError('a-b', 'what')", {"a-b"}, 0),
        ("raise MeshError(code='a-b', what='what')", {"a-b"}, 0),
        ("raise SubError('a-b', 'what')", {"a-b"}, 0),
        ("raise node.fault('what', 'a-b')", {"a-b"}, 0),
        ("class Bad(ValueError):\n    code = 'a-b'", {"a-b"}, 0),
        ("def f(code):\n    raise MeshError(code, 'what')\nf('a-b')", {"a-b"}, 0),
        ("def g(e):\n    return 'a-b' if e else 'c-d'\nraise MeshError(g(1), 'what')", {"a-b", "c-d"}, 0),
        (
            "T = {1: ('a-b', 'x')}\ncode, w = T.get(1, ('c-d', 'y'))\nraise MeshError(code, w)",
            {"a-b", "c-d"},
            0,
        ),
        ("def f(error):\n    raise MeshError(error.code, 'what')", set(), 0),
        ("def f(name):\n    raise MeshError(name, 'what')", set(), 1),
        ("raise MeshError('-'.join(words), 'what')", set(), 1),
        ("raise OtherError(404, 'what')", set(), 0),
    ],
)
def test_the_finder_finds(source: str, codes: set[str], unresolved: int) -> None:
    """Each way of giving a code, and the ways that it must refuse."""
    frame = """
class MeshError(Exception):
    def __init__(self, code, what): ...
class SubError(MeshError): ...
class OtherError(Exception):
    def __init__(self, code, what): ...
class Node:
    def fault(self, what, code): ...
"""
    found = find([("sample.py", ast.parse(frame + source))])
    assert set(found.codes) == codes
    assert len(found.unresolved) == unresolved
