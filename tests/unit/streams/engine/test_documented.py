"""The examples of the engine's pages run as they stand."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import streams.engine
from streams.engine.avro.frame import Schema
from streams.engine.enrich import Table, Topic, enrich
from streams.engine.fold import Application, Emission, Nothing, Output
from streams.engine.options import Options
from streams.engine.parking import DeadTopics

README = Path(streams.engine.__file__).with_name("README.md")


def test_the_fold_of_the_package_counts() -> None:
    """Rows and changelog entries out, and the state back in."""
    text = streams.engine.__doc__ or ""
    example = textwrap.dedent(text[text.index("    class Count") : text.index("\n\nGoing with")])
    names: dict[str, Any] = {
        **{"Application": Application, "Counter": Counter, "Emission": Emission, "Nothing": Nothing},
        **{"Output": Output, "Options": Options, "Path": Path},
        **{"run": lambda _app: None, "assemble": lambda stages, _options: stages},
    }
    exec(example, names)
    application: Application = names["count"]
    assert application.changelog == "count-counts-changelog"
    fold = application.fold(0, application.shared)
    assert list(fold.fold("words", [(0, 5, b"a", b"", ()), (1, 6, b"a", b"", ())])) == []
    assert fold.take(9) == Emission([Output("counts", [(b"a", b"2", 6)])], [(b"a", b"2")])
    assert fold.take(9) is None
    fold.recover([(b"a", b"7")])
    list(fold.fold("words", [(2, 7, b"a", b"", ())]))
    assert fold.take(9) == Emission([Output("counts", [(b"a", b"8", 7)])], [(b"a", b"8")])


def test_the_join_of_the_readme_is_an_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With schemas that fit together, and nothing that the page does not name."""
    monkeypatch.chdir(tmp_path)
    dimensions = ("customer", "product", "store", "employee")
    ids = {name: number for number, name in enumerate(("line", "enriched", *dimensions))}
    own = {f"{name}_id": "long" for name in dimensions}
    shown = {f"{name}_title": ["null", "string"] for name in dimensions}
    for name in ids:
        fields: dict[str, Any] = {"line": own, "enriched": own | shown}.get(
            name, {f"{name}_id": "long", "title": "string"}
        )
        described = [{"name": one, "type": kind} for one, kind in fields.items()]
        schema = {"type": "record", "name": name, "fields": described}
        Path(f"{name}.avsc").write_text(json.dumps(schema), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    example = text[text.index("```python\n") + 10 :].split("```", maxsplit=1)[0]
    ran: list[Any] = []
    names: dict[str, Any] = {
        **{"DeadTopics": DeadTopics, "IDS": ids, "Options": Options, "Path": Path, "Schema": Schema},
        **{"Table": Table, "Topic": Topic, "enrich": enrich, "json": json},
        **{"assemble": lambda stages, _options: stages, "run": ran.extend, "set_up_logging": lambda: None},
    }
    exec(example, names)
    (application,) = ran
    assert application.inputs == ("order-lines", "customers")
    assert application.broadcast == ("products", "stores", "employees")
