"""Where things are sold, kept and counted: stores, online platforms, warehouses and territories."""

from __future__ import annotations

from typing import ClassVar

from mesh.kernel.event import Event, Timestamp, ValidFrom


class LocationDescribed(Event):
    """A version of a location (the Channel entity): a store, an online platform, a warehouse or a
    territory."""

    domain: ClassVar[str] = "location"

    location_id: str
    """Identifier of the location, namespaced by its source."""
    valid_from: ValidFrom
    """From when this version holds, in whole seconds."""
    name: str
    """Name that people use."""
    location_type: str
    """What it is: Store, Online, Warehouse or Territory."""
    channel_type: str | None = None
    """Channel that sells through it, such as In-Store, Online or Reseller."""
    platform_name: str | None = None
    """Name of the online platform."""
    platform_url: str | None = None
    """Address of the online platform."""
    address: str | None = None
    """Street address of the place of business."""
    contact_email: str | None = None
    """E-mail address of the place of business."""
    contact_phone: str | None = None
    """Telephone number of the place of business."""
    city: str | None = None
    """City."""
    state: str | None = None
    """State or province."""
    country: str | None = None
    """Country, by name."""
    region: str | None = None
    """Group of countries, such as Europe."""
    postal_code: str | None = None
    """Postal code."""
    currency: str | None = None
    """Currency that it sells in (ISO 4217)."""
    latitude: float | None = None
    """Latitude in degrees, north positive (WGS 84)."""
    longitude: float | None = None
    """Longitude in degrees, east positive (WGS 84)."""
    territory_id: str | None = None
    """Location id of the territory that it belongs to."""
    nearest_offline_location_id: str | None = None
    """Location id of the nearest store, for an online platform."""


class ArrivalsCounted(Event):
    """How many people came through the door of a store in some time."""

    domain: ClassVar[str] = "location"

    count_id: str
    """Identifier of the count, namespaced by its source."""
    location_id: str
    """Location id of the store."""
    counted_from: Timestamp
    """Begin of the time."""
    counted_to: Timestamp
    """End of the time."""
    visitors: int
    """People who came in."""
