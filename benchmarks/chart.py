"""The results as a picture: a bar for each engine, drawn as SVG without any library."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from xml.sax.saxutils import escape

import typer
from rich.console import Console

from benchmarks.error import BenchmarkError
from benchmarks.result import LATEST

_WIDTH, _LABEL, _BAR, _GAP, _HEAD = 800, 210, 22, 8, 34
_SPACE = 130
"""Pixels kept free after the longest bar for its number."""
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600 } .note { fill: #57606a }
rect { fill: #8c959f } .ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note { fill: #8b949e } rect { fill: #6e7681 } .ours { fill: #2f81f7 }
}
"""


def draw(results: Sequence[dict[str, Any]]) -> str:
    """An SVG with a group of bars for each shape, the cheapest engine first; ours in its own colour.

    Raises :class:`ValueError` when there are none.
    """
    shapes = list(dict.fromkeys(one["shape"] for one in results))
    longest = max(one["rows_per_cpu_second"] for one in results)
    parts, y = [], 8
    for shape in shapes:
        parts.append(_text(0, y + 16, f"{shape}: rows out a CPU second", "title"))
        y += _HEAD
        group = sorted(
            (one for one in results if one["shape"] == shape), key=lambda one: -one["rows_per_cpu_second"]
        )
        for one in group:
            rate = one["rows_per_cpu_second"]
            length = max(1, round((_WIDTH - _LABEL - _SPACE) * rate / longest))
            kind = ' class="ours"' if one["engine"].startswith("ours") else ""
            parts.append(_text(0, y + 16, f"{one['engine']} {one['version']}"))
            parts.append(f'<rect{kind} x="{_LABEL}" y="{y}" width="{length}" height="{_BAR}" rx="3"/>')
            note = f"{rate:,.0f}" + ("" if one["verified"] else ", wrong output")
            parts.append(_text(_LABEL + length + 8, y + 16, note, "note"))
            y += _BAR + _GAP
        y += _GAP
    title = "Rows out a CPU second, by engine and shape of input"
    box = f'viewBox="0 0 {_WIDTH} {y}" role="img" aria-label="{title}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box}><title>{title}</title><style>{_STYLE}</style>'
    return "\n".join((head, *parts, "</svg>", ""))


def command(
    results: Annotated[Path, typer.Argument(help="A file of results.", metavar="FILE")] = LATEST,
    out: Annotated[
        Path, typer.Option(help="Where the picture goes; by default beside the results.", metavar="FILE")
    ] = Path(),
) -> None:
    """Draw the results of a file as SVG."""
    try:
        entries = json.loads(results.read_text())
        picture = draw(entries)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BenchmarkError(
            "results-missing",
            f"results of engines cannot be read from it ({type(error).__name__}: {error})",
            place=str(results),
            remedy="run engines first, or name the file of such a run",
        ) from None
    target = out if out.name else results.with_suffix(".svg")
    target.write_text(picture)
    Console(highlight=False).print(f"{target} shows {len(entries)} results")


def _text(x: int, y: int, text: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x}" y="{y}">{escape(text)}</text>'
