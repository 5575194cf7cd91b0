"""``world.yaml``: what a retailer sells, where, to whom, and how its customers behave."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mesh.kernel.errors import SimulationError

FILE = "world.yaml"

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Place = tuple[Annotated[float, Field(ge=-90, le=90)], Annotated[float, Field(ge=-180, le=180)]]
"""Latitude and longitude in degrees."""
Months = Annotated[list[Weight], Field(min_length=12, max_length=12)]
Span = Annotated[list[int], Field(min_length=2, max_length=2)]
"""Least and most."""
MonthDay = Annotated[
    str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$|^(0[13-9]|1[0-2])-(29|30|31)$")
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Country(_Part):
    """Where the retailer sells; ``rate`` is US dollars per unit of ``currency``, ``office`` the address of
    those who run the platform."""

    region: str
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    rate: Annotated[float, Field(gt=0)]
    tax: Share
    share: Weight
    platform: str
    office: str


class City(_Part):
    """Where customers live; ``#`` in the postal code stands for a digit."""

    name: str
    state: str
    country: str
    code: str
    at: Place
    share: Weight
    store: str | None = None


class Centre(_Part):
    """A distribution centre."""

    name: str
    city: str
    state: str
    country: str
    at: Place


class Subcategory(_Part):
    """A kind of goods, and how its demand swings over the year."""

    category: str
    goes_with: str
    months: Months


class Model(_Part):
    """A model, sold in every size and colour."""

    name: str
    subcategory: str
    gender: Literal["Male", "Female", "Unisex"]
    designer: str
    price: Annotated[float, Field(gt=0)]
    cost: Share
    launched: date
    faulty: Annotated[float, Field(gt=0)] = 1.0


class Segment(_Part):
    """A kind of customer: orders a year, lines an order, shares of orders online, of promotions heeded and of
    lines returned, years that one stays, ages at registration, children, and what it likes."""

    share: Weight
    orders: Annotated[float, Field(gt=0)]
    lines: Annotated[float, Field(ge=1)]
    online: Share
    promo: Share
    returns: Share
    stays: Annotated[float, Field(gt=0)]
    ages: Span
    children: Weight
    likes: dict[str, Weight]


class Carrier(_Part):
    """Who brings a parcel: days on the road, the share that comes late, the price in US dollars."""

    share: Weight
    days: Span
    late: Share
    price: Annotated[float, Field(ge=0)]


class Promotion(_Part):
    """A promotion of every year; ``lift`` is how many times more is ordered by those who heed it."""

    code: str
    name: str
    type: str
    audience: str
    rate: Share
    begins: MonthDay = Field(alias="from")
    ends: MonthDay = Field(alias="to")
    lift: Annotated[float, Field(ge=1)]
    covers: list[str]


class People(_Part):
    """Names and traits that customers and employees draw from."""

    MALE: list[str]
    FEMALE: list[str]
    OTHER: list[str]
    family: list[str]
    streets: list[str]
    education: dict[str, Weight]
    occupations: dict[str, Weight]
    hobbies: list[str]


class Description(_Part):
    """A whole retailer."""

    source: Annotated[str, Field(pattern="^[a-z0-9-]+$")]
    opened: date
    brand: str
    countries: dict[str, Country]
    cities: list[City]
    distribution_centres: list[Centre]
    colours: dict[str, Weight]
    sizes: dict[str, Weight]
    subcategories: dict[str, Subcategory]
    models: list[Model]
    segments: dict[str, Segment]
    weekdays: Annotated[list[Weight], Field(min_length=7, max_length=7)]
    hours: Annotated[list[Weight], Field(min_length=24, max_length=24)]
    months: Months
    payments: dict[str, Annotated[list[Weight], Field(min_length=2, max_length=2)]]
    carriers: dict[str, Carrier]
    free_shipping_from: Annotated[float, Field(ge=0)]
    return_reasons: dict[str, Weight]
    promotions: list[Promotion]
    people: People

    @model_validator(mode="after")
    def _names_exist(self) -> Description:
        kinds = set(self.subcategories)
        named = {
            "subcategories": {
                *(model.subcategory for model in self.models),
                *(kind.goes_with for kind in self.subcategories.values()),
                *(name for segment in self.segments.values() for name in segment.likes),
                *(name for promotion in self.promotions for name in promotion.covers),
            }
            - kinds,
            "countries": {city.country for city in self.cities} - set(self.countries),
            "models": kinds - {model.subcategory for model in self.models},
        }
        for where, missing in named.items():
            if missing:
                raise ValueError(f"{min(missing)!r} is not among the {where}")
        if without := set(self.countries) - {city.country for city in self.cities if city.store}:
            raise ValueError(f"{min(without)!r} has no city with a store")
        return self


def read_description(folder: Path) -> Description:
    """The retailer of a folder; raises :class:`SimulationError` with the file and what is wrong in it."""
    path = folder / FILE
    if not path.exists():
        raise SimulationError(
            "world-missing", f"has no {FILE}", place=folder.name,
            remedy="name a retailer of data/ that has one, as strideright has",
        )  # fmt: skip
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Description.model_validate(document)
    except yaml.YAMLError as error:
        raise _wrong(path, str(error).splitlines()[0]) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise _wrong(path, f"{where}: {first['msg']}" if where else first["msg"]) from None


def _wrong(path: Path, what: str) -> SimulationError:
    return SimulationError(
        "world-wrong", what, place=str(path), remedy="mend it; data/strideright has a sound one"
    )
