"""Results: percentiles, the table, the picture, and the lines of code."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from benchmarks import result
from benchmarks.chart import draw
from benchmarks.result import Latency, Result, percentile, write
from benchmarks.source import lines_of_code
from benchmarks.table import ratio, table

RESULT = Result(
    engine="ours",
    version="0.1.0",
    shape="lines",
    rows=1_000_000,
    rows_per_cpu_second=200_000,
    whole_run_rows_per_cpu_second=180_000,
    wall_rows_per_second=150_000,
    broker_cpu_seconds=4.2,
    others_cpu_share=0.01,
    peak_memory_mb=128,
    latency=Latency(10_000, 300_000, 0.012, 0.034, 0.056, kept_up=True),
    verified=True,
    faults=(),
    lines_of_code=60,
)
PEER = replace(RESULT, engine="peer", version="9", rows_per_cpu_second=50_000, verified=False, latency=None)


def test_a_percentile_is_a_value_that_was_seen() -> None:
    """The nearest rank, from the smallest to the largest."""
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, share) for share in (0.001, 0.5, 0.95, 0.99, 1.0)] == [1, 50, 95, 99, 100]
    assert percentile([7.0], 0.99) == 7.0
    assert percentile([1.0, 2.0, 3.0], 0.5) == 2.0


def shown(*results: Result) -> str:
    """The table as text."""
    console = Console(width=200, record=True, file=StringIO())
    console.print(table(results, "lines"))
    return console.export_text()


def test_the_table_has_the_cheapest_first_and_the_ratio_to_ours() -> None:
    """A reader sees how many times cheaper ours is than each."""
    lines = [line for line in shown(PEER, RESULT).splitlines() if "yes" in line or " no" in line]
    assert lines[0].split()[:4] == ["ours", "0.1.0", "1,000,000", "200,000"]
    assert "1.00 ×" in lines[0]
    assert "12 ms" in lines[0]
    assert "4.00 ×" in lines[1]
    assert lines[1].rstrip().endswith("no")


def test_an_engine_that_falls_behind_has_no_latency() -> None:
    """The numbers would tell how long was measured, and nothing of the engine."""
    late = Latency(10_000, 5, 1.0, 2.0, 3.0, kept_up=False)
    assert shown(replace(RESULT, latency=late)).count("behind") == 3


def test_without_a_timed_row_there_is_no_percentile(tmp_path: Path) -> None:
    """Neither in the table nor in the file, which any program can read."""
    none = Latency.of(10_000, [], kept_up=True)
    assert (none.rows, none.p50, none.p99) == (0, None, None)
    assert " ms" not in shown(replace(RESULT, latency=none))
    write([replace(RESULT, latency=none)], {}, tmp_path / "some.json")
    assert json.loads((tmp_path / "some.json").read_text())[0]["latency"]["p99"] is None
    with pytest.raises(ValueError, match="JSON"):
        write([replace(RESULT, rows_per_cpu_second=float("nan"))], {}, tmp_path / "some.json")


def test_percentiles_are_those_of_all_delays() -> None:
    """Whatever their order, in tenths of milliseconds."""
    latency = Latency.of(100, (number / 1_000 for number in range(100, 0, -1)), kept_up=True)
    assert latency == Latency(100, 100, 0.05, 0.095, 0.099, kept_up=True)


def test_there_is_no_ratio_without_ours() -> None:
    """Nor to what has no rate."""
    assert (ratio(None, 5.0), ratio(5.0, 0.0)) == ("–", "–")


def test_results_are_kept_with_what_is_known_of_the_machine(tmp_path: Path) -> None:
    """As a list that a program reads."""
    write([RESULT], {"cores": 2}, tmp_path / "new" / "some.json")
    (entry,) = json.loads((tmp_path / "new" / "some.json").read_text())
    assert entry["rows_per_cpu_second"] == 200_000
    assert entry["latency"]["p99"] == 0.056
    assert entry["cores"] == 2


def test_figures_of_a_verb_are_kept_as_the_latest_and_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the moment, the machine and the versions."""
    monkeypatch.setattr(result, "FOLDER", tmp_path / "results")
    text = result.keep({"rows": 3}, result.about(kafka="4.0.2"), "whole")
    result.keep({"rows": 3}, {}, "whole", "small")
    found = json.loads(text)
    assert found.keys() == {"measured_at", "cores", "python", "kafka", "rows"}
    assert found["python"].startswith("3.")
    names = sorted(file.name for file in (tmp_path / "results").iterdir())
    assert [name[10:] for name in names if name.startswith("2")] == ["-small.json"]
    assert "latest-whole.json" in names


@pytest.mark.parametrize("file", sorted(result.FOLDER.glob("2*.json")), ids=lambda file: file.stem)
def test_what_is_kept_can_be_read_by_any_program(file: Path) -> None:
    """Python alone reads NaN."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(file.read_text(), parse_constant=refuse)


def test_the_picture_has_a_bar_for_each_result() -> None:
    """As long as its rate, ours in its own colour, a wrong output told."""
    picture = ElementTree.fromstring(draw([asdict(PEER), asdict(RESULT)]))
    bars = picture.findall("{http://www.w3.org/2000/svg}rect")
    assert [bar.get("class") for bar in bars] == ["ours", None]
    assert int(bars[0].get("width") or 0) == pytest.approx(4 * int(bars[1].get("width") or 0), abs=4)
    assert any("wrong output" in (text.text or "") for text in picture.iter())


def test_comments_and_documentation_are_no_code(tmp_path: Path) -> None:
    """In Python, Cython and Java; nor is what Cython makes, or a file that was not named."""
    (tmp_path / "job.py").write_text(
        '"""Says\nwhat it does."""\n\n# why\nx = 1  # so\n"""Counts."""\n\n\n'
        'def f():\n    """Told."""\n    return x\n'
    )
    (tmp_path / "Job.java").write_text(
        "/** Says\n * what. */\nclass Job {\n  // why\n  int x = 1; // so\n}\n"
    )
    (tmp_path / "_part.pyx").write_text(
        '"""Says\nwhat."""\n\ncdef int f(bytes x):  # so\n    """Told."""\n    return len("""a\nb""")\n'
    )
    (tmp_path / "_part.c").write_text("int f(void);\n")
    assert lines_of_code([tmp_path]) == 3 + 3 + 3
    assert lines_of_code([tmp_path / "job.py", tmp_path / "_part.pyx"]) == 3 + 3
