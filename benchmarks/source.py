"""How many lines of code a job has: neither empty, nor comment, nor documentation."""

from __future__ import annotations

import ast
import re
from pathlib import Path

_JAVA_COMMENTS = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)


def lines_of_code(folder: Path) -> int:
    """Of all Python and Java sources in a folder."""
    python = sum(_python(path.read_text()) for path in folder.rglob("*.py"))
    return python + sum(_filled(_JAVA_COMMENTS.sub("", path.read_text())) for path in folder.rglob("*.java"))


def _python(source: str) -> int:
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.end_lineno:
                lines[first.lineno - 1 : first.end_lineno] = [""] * (first.end_lineno - first.lineno + 1)
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in lines)


def _filled(text: str) -> int:
    return sum(bool(line.strip()) for line in text.splitlines())
