"""What is sold, with its price and cost over time."""

from __future__ import annotations

from typing import ClassVar

from mesh.kernel.event import Day, Event, Money, Timestamp, ValidFrom


class ProductDescribed(Event):
    """A version of a product; a new price or cost is a new version with its own valid_from."""

    domain: ClassVar[str] = "product"

    product_id: str
    """Identifier of the product, namespaced by its source."""
    valid_from: ValidFrom
    """From when this version holds, in whole seconds."""
    sku: str
    """Stock keeping unit, unique among products."""
    name: str
    """Name that people use."""
    category: str | None = None
    """Category, the first level of the hierarchy."""
    subcategory: str | None = None
    """Subcategory, the second level."""
    brand: str | None = None
    """Brand."""
    model: str | None = None
    """Model, which groups products that differ by size and colour."""
    size: str | None = None
    """Size as printed on it."""
    colour: str | None = None
    """Colour."""
    gender: str | None = None
    """Whom it is made for: Male, Female or Unisex."""
    designer: str | None = None
    """Name of the designer as credited on the product."""
    launched_on: Day | None = None
    """First day of sale."""
    discontinued_on: Day | None = None
    """Last day of sale."""
    list_price: Money | None = None
    """List price of one unit in the reporting currency."""
    unit_cost: Money | None = None
    """Standard cost of one unit in the reporting currency."""


class StockCounted(Event):
    """How many units of a product lie at a place."""

    domain: ClassVar[str] = "product"

    count_id: str
    """Identifier of the count, namespaced by its source."""
    product_id: str
    """The product."""
    location_id: str
    """Location id of the store or warehouse."""
    counted_at: Timestamp
    """When it was counted."""
    on_hand: int
    """Units that lie there."""
    on_order: int | None = None
    """Units that are on their way there."""
    reorder_level: int | None = None
    """Units below which more are ordered."""
