"""What the pages for people say is true as far as that can be told without starting anything."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer import BadParameter
from typer.exceptions import TyperException

from mesh.cli import main as cli
from mesh.kernel.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "portal" / "docs").rglob("*.md"),
        *(ROOT / "domains").glob("*/README.md"),
        *(ROOT / "domains").glob("*/runbook.md"),
        ROOT / "observability" / "runbook.md",
    ]
)
SHOWN = [str(path.relative_to(ROOT)) for path in PAGES]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def blocks(text: str, *languages: str) -> list[str]:
    """The fenced blocks in some languages."""
    return [body for language, body in _FENCE.findall(text) if language in languages]


def python_faults(source: str) -> Iterator[str]:
    """What is wrong with a snippet: it does not compile, or imports what does not exist."""
    try:
        tree = ast.parse(source)
        compile(tree, "snippet", "exec")
    except SyntaxError as error:
        yield f"line {error.lineno}: {error.msg}"
        return
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "", alias.name) for alias in node.names]
        for module, name in names:
            try:
                found = importlib.import_module(module)
            except ImportError as error:
                yield f"line {node.lineno}: {error}"
            else:
                if name is not None and not hasattr(found, name):
                    yield f"line {node.lineno}: {module} has no {name}"


def commands(text: str) -> Iterator[tuple[str, bool]]:
    """Command lines of ``mesh`` and ``make`` with whether they are complete, as those in a console are."""
    for block in blocks(text, "console", "bash", "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.removeprefix("$ ").strip()
            if line.startswith(("mesh ", "make ", ".venv/bin/mesh ")):
                yield line.removeprefix(".venv/bin/"), True
    for inline in _INLINE.findall(_FENCE.sub("", text)):
        if inline.startswith(("mesh ", "make ")):
            yield inline, False


def command_fault(line: str, *, complete: bool) -> str | None:
    """What is wrong with a command line; words in capitals stand for something, unless it is complete."""
    program, *words = shlex.split(line, comments=True)
    if program == "make":
        targets = set(
            re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        )
        unknown = {word for word in words if "=" not in word} - targets
        return f"no such target: {', '.join(unknown)}" if unknown else None
    verb, *arguments = words
    if verb == "--help":
        return None
    if verb not in cli.verbs():
        return f"no such verb: {verb}"
    try:
        cli.load(verb).make_context(verb, arguments)
    except BadParameter as error:  # an argument that is missing, or a placeholder for one
        return str(error) if complete else None
    except TyperException as error:
        return str(error)
    return None


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def link_fault(page: Path, target: str) -> str | None:
    """What is wrong with a link of a page to another file or heading of the tree."""
    if re.match(r"[a-z]+:", target):
        return None
    path, _, wanted = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists():
        return f"{target}: no such file"
    if wanted and wanted not in map(anchor, _HEADING.findall(file.read_text(encoding="utf-8"))):
        return f"{target}: no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=SHOWN)
def test_python_snippets_compile_and_import_what_exists(page: Path) -> None:
    """A reader can paste them."""
    for snippet in blocks(page.read_text(encoding="utf-8"), "python"):
        assert list(python_faults(snippet)) == []


@pytest.mark.parametrize("page", PAGES, ids=SHOWN)
def test_command_lines_name_existing_verbs_and_options(page: Path) -> None:
    """As the command line itself would read them."""
    lines = list(commands(page.read_text(encoding="utf-8")))
    faults = {line: fault for line, complete in lines if (fault := command_fault(line, complete=complete))}
    assert faults == {}


@pytest.mark.parametrize("page", PAGES, ids=SHOWN)
def test_links_lead_somewhere(page: Path) -> None:
    """To files of the tree and headings in them."""
    text = _INLINE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))
    assert [fault for target in _LINK.findall(text) if (fault := link_fault(page, target))] == []


@pytest.mark.parametrize("page", PAGES, ids=SHOWN)
def test_settings_exist(page: Path) -> None:
    """Every MESH_ variable that a page names is one."""
    named = set(re.findall(r"\bMESH_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8")))
    assert named <= {f"MESH_{name.upper()}" for name in Settings.model_fields}


def test_every_setting_is_on_the_page_for_operators() -> None:
    """Except the account of the warehouse, which the local mesh does not need."""
    text = (ROOT / "portal" / "docs" / "how-to" / "operate.md").read_text(encoding="utf-8")
    wanted = {f"MESH_{name.upper()}" for name in Settings.model_fields if not name.startswith("warehouse_")}
    assert {name for name in wanted if name not in text} == set()


def test_every_decision_is_in_the_index() -> None:
    """And they are numbered without a gap."""
    decisions = sorted(path.name for path in (ROOT / "portal" / "docs" / "adr").glob("*.md"))
    index = (ROOT / "portal" / "docs" / "index.md").read_text(encoding="utf-8")
    assert [name[:4] for name in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    assert [name for name in decisions if f"(adr/{name})" not in index] == []


@pytest.mark.parametrize("snippet", ["print(", "import no_such_module", "from mesh.kernel.clock import noon"])
def test_a_bad_snippet_is_refused(snippet: str) -> None:
    """A snippet that is cut off, and imports of what does not exist."""
    assert len(list(python_faults(snippet))) == 1


@pytest.mark.parametrize(
    ("line", "complete"),
    [
        ("mesh statsu", True),
        ("mesh status --yaml", False),
        ("mesh workers many", True),
        ("mesh ingest", True),
        ("mesh down now", False),
        ("make tea", True),
    ],
)
def test_a_bad_command_line_is_refused(line: str, *, complete: bool) -> None:
    """Unknown verbs, options, targets and arguments; what is missing, in a console."""
    assert command_fault(line, complete=complete)


@pytest.mark.parametrize("line", ["mesh logs PART", "mesh ingest", "mesh workers N", "make demo RETAILER=x"])
def test_an_inline_command_may_stand_for_many(line: str) -> None:
    """Words in capitals, and what is left out."""
    assert command_fault(line, complete=False) is None


@pytest.mark.parametrize("target", ["none.md", "README.md#no-such-heading"])
def test_a_dead_link_is_refused(target: str) -> None:
    """Files and headings."""
    assert link_fault(ROOT / "README.md", target)
