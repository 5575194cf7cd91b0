"""Days in the business time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.kernel.errors import SettingsError
from streams.customer_360.days import DAY, BusinessDays

ZONES = ("UTC", "Europe/Berlin", "America/Asuncion", "Asia/Kathmandu", "Pacific/Apia")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


SPAN = datetime(1971, 1, 1), datetime(2037, 1, 1)  # noqa: DTZ001 - Hypothesis adds the zone itself


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.datetimes(*SPAN, timezones=st.just(UTC)))
def test_a_moment_lies_in_the_day_that_the_calendar_says(zone: str, moment: datetime) -> None:
    """And between the first moments of that day and the next."""
    days = BusinessDays(zone)
    micros = (moment - EPOCH) // timedelta(microseconds=1)
    day = days.day(micros)
    assert date(1970, 1, 1) + timedelta(days=day) == moment.astimezone(ZoneInfo(zone)).date()
    assert days.start(day) <= micros < days.start(day + 1)
    assert days.day(days.start(day)) == day
    assert days.day(days.start(day) - 1) < day


@pytest.mark.parametrize("moment", [-(1 << 61), 1 << 61])
def test_beyond_the_calendar_days_are_those_of_utc(moment: int) -> None:
    """No moment is an error."""
    days = BusinessDays("Europe/Berlin")
    assert days.day(moment) == moment // DAY
    assert days.start(days.day(moment)) <= moment


def test_an_unknown_zone_is_refused() -> None:
    """With the setting's name and an example."""
    with pytest.raises(SettingsError, match="MESH_TIMEZONE"):
        BusinessDays("Europe/Bielefeld")
