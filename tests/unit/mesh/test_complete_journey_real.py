"""A real supermarket's year, read whole: every row of its tills becomes a line, to the cent."""

from __future__ import annotations

import pytest

from mesh.ingest.run import ingest
from mesh.ingest.totals import source_totals
from mesh.kernel.discovery import root
from mesh.kernel.settings import load_settings

pytestmark = pytest.mark.real  # half a minute, for which the fast tests have no time

FOLDER = root() / "data" / "completejourney"


def test_every_row_of_the_tills_becomes_a_line() -> None:
    """But for those without units and value; none is refused, and what was split adds up to the row."""
    report = ingest(FOLDER / "mapping.yaml", load_settings(retailer=str(FOLDER)), dry_run=True)
    assert report.rejected == 0
    events = {event.event: (event.published, event.elements) for event in report.events}
    rows, without_value, split = 1_469_307, 8_820, 18_935
    assert events["OrderPlaced"] == (155_520, rows - without_value + split)
    assert events["PaymentRecorded"] == (155_520, 0)
    assert events["CampaignStarted"] == (27, 0)
    assert events["CustomerRecorded"] == (2_469, 0)


def test_its_totals_are_those_that_others_found() -> None:
    """Households and stores as its publisher tells them."""
    told = {one.name: (one.source_value, one.published_value) for one in source_totals(FOLDER)}
    assert told["households"] == ("2469", "2469")
    assert told["stores"] == ("457", "457")
    assert told["rows of the till with units or value"][0] == "1460487"
