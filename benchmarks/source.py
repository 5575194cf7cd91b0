"""How many lines of code a job has: neither empty, nor comment, nor documentation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

_JAVA_COMMENTS = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
_LONG_TEXT = re.compile(r'(?P<alone>^[ \t]*)?"""(?:\\.|[^\\])*?"""', re.DOTALL | re.MULTILINE)


def lines_of_code(sources: Iterable[Path]) -> int:
    """Of these files, and of all Python, Cython and Java in these folders, but not of what is generated."""
    files = {file for source in sources for file in (source.rglob("*") if source.is_dir() else [source])}
    return sum(_COUNTERS[file.suffix](file.read_text()) for file in files if file.suffix in _COUNTERS)


def _python(source: str) -> int:
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        match node:  # documentation of a module, class or function, or below an assignment that of a value
            case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=int(last)):
                lines[first - 1 : last] = [""] * (last - first + 1)
    return _without_comments(lines)


def _cython(source: str) -> int:
    """A long text that begins its line is taken for documentation: no Python can parse the rest."""
    return _without_comments(
        _LONG_TEXT.sub(lambda text: "" if text["alone"] is not None else text[0], source).splitlines()
    )


def _without_comments(lines: Iterable[str]) -> int:
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in lines)


def _java(text: str) -> int:
    return sum(bool(line.strip()) for line in _JAVA_COMMENTS.sub("", text).splitlines())


_COUNTERS = {".py": _python, ".pyx": _cython, ".pxd": _cython, ".java": _java}
