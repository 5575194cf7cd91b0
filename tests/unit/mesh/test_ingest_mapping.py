"""A bad mapping gives one clear line: place, what is wrong, what to do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mesh.ingest.run import ingest
from mesh.kernel.discovery import root
from mesh.kernel.errors import MappingError
from mesh.kernel.settings import Settings

KIOSK = root() / "portal" / "docs" / "examples" / "kiosk"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the kiosk's folder, to break."""
    return Path(shutil.copytree(KIOSK, tmp_path / "kiosk"))


def run(folder: Path, old: str, new: str) -> str:
    """The error of the kiosk's mapping after one change."""
    mapping = folder / "mapping.yaml"
    text = mapping.read_text()
    assert old in text
    mapping.write_text(text.replace(old, new, 1))
    with pytest.raises(MappingError) as error:
        ingest(mapping, Settings(), dry_run=True)
    line = str(error.value)
    assert "\n" not in line
    return line.replace(str(folder), "kiosk")


BAD = [
    ("products.csv", "product.csv", "file-missing", r":7: 'product.csv' .*did you mean 'products.csv'"),
    ("products.csv", "products.xlsx", "file-format", "neither CSV nor Parquet"),
    ("{path: products.csv", "{package: kiosk_data, path: products.csv", "package-missing", "'kiosk_data'"),
    ("{path: products.csv", "{package: polars, path: products.csv", "file-missing", "'products.csv'"),
    ('price: "DECIMAL(18,4)", since', "prize: INTEGER, since", "column-unknown", "did you mean 'price'"),
    ("since: DATE", "since: DAY", "type-unknown", "'DAY'"),
    ("'kiosk:' || number", "'kiosk:' || nummer", "column-unknown", ":31: .*nummer. not found.*number"),
    ("FROM customers", "FROM customer", "table-unknown", "Table with name customer"),
    ("town AS city", "town AS ctiy", "field-unknown", "'ctiy' is not a field.*did you mean 'city'"),
    ("given AS first_name", "7 AS first_name", "type-wrong", "'first_name' is INTEGER.*::VARCHAR"),
    ("price * 1.08 AS", "price * 1.08e0 AS", "type-wrong", "'list_price' is DOUBLE.*DECIMAL"),
    ("'In-Store' AS channel,", "", "field-missing", "'channel'.*add … AS channel"),
    ("SELECT _at, 'kiosk:' || sku", "SELEKT _at, 'kiosk:' || sku", "sql-broken", "syntax error"),
    ("CustomerRecorded:", "CustomerRecroded:", "event-unknown", "did you mean 'CustomerRecorded'"),
    ("      lines:", "      line:", "field-unknown", "'line' is not a list of OrderPlaced"),
    ("by: order_id", "by: order", "column-missing", "no column 'order'; did you mean 'order_id'"),
    ("Europe/Berlin", "Europe/Berlim", "timezone-unknown", ":3:"),
    ("source: kiosk", "sauce: kiosk", "key-unknown", "'sauce' .*did you mean 'source'"),
    ("total AS sub", "CAST(method AS INTEGER) AS sub", "value-unreadable", "Could not convert"),
    ("source: kiosk", "source: [", "yaml-broken", ""),
    ("1.08 AS fx_rate", "1.08 AS rate", "column-unknown", "fx_rate"),
    ('options: {delim: ";"}', 'options: {delimiter: ";"}', "key-unknown", "did you mean 'delim'"),
]


@pytest.mark.parametrize(("old", "new", "code", "words"), BAD)
def test_a_bad_mapping_gives_one_clear_line(folder: Path, old: str, new: str, code: str, words: str) -> None:
    """Whatever is wrong, before anything is sent."""
    line = run(folder, old, new)
    assert re.match(rf"MappingError\[{code}\] kiosk/mapping.yaml(?=:\d+: ).*{words}", line), line


def test_an_amount_in_another_currency_needs_a_rate(folder: Path) -> None:
    """The rate is 1 only where the extract's currency is the reporting currency."""
    mapping = folder / "mapping.yaml"
    text = mapping.read_text().replace("fx_rate,\n", "\n").replace(", fx_rate", "")
    mapping.write_text(text)
    with pytest.raises(MappingError, match="'fx_rate'"):
        ingest(mapping, Settings(), dry_run=True)
    assert ingest(mapping, Settings(currency="EUR"), dry_run=True).published == 15


def test_only_names_an_event_of_the_mapping(folder: Path) -> None:
    """And a wrong name gets the nearest one."""
    report = ingest(folder / "mapping.yaml", Settings(), only="CustomerRecorded", dry_run=True)
    assert [event.event for event in report.events] == ["CustomerRecorded"]
    with pytest.raises(MappingError, match="did you mean 'OrderPlaced'"):
        ingest(folder / "mapping.yaml", Settings(), only="OrderPlacd", dry_run=True)
