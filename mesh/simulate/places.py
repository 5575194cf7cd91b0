"""Where things are sold and kept: territories, stores, online platforms and distribution centres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from mesh.simulate.chance import Floats, Numbers
from mesh.simulate.clock import micros
from mesh.simulate.description import Description

EARTH_KM = 6371.0


@dataclass(frozen=True)
class Places:
    """Cities and countries by their numbers in the description; stores by theirs, in the order of cities."""

    territories: pl.Series
    """Location id by country."""
    platforms: pl.Series
    """Location id by country."""
    stores: pl.Series
    """Location ids of the stores."""
    store_cities: Numbers
    city_countries: Numbers
    nearest_store: Numbers
    """The nearest store of its own country, by city."""
    centres: pl.Series
    """Location ids of the distribution centres."""
    nearest_centre: Numbers
    """The nearest distribution centre, by city."""
    described: pl.DataFrame
    """LocationDescribed."""


def places(about: Description) -> Places:
    """Everything that stands somewhere."""
    countries = list(about.countries)
    of_city = np.array([countries.index(city.country) for city in about.cities])
    points = np.array([city.at for city in about.cities])
    stores = np.array([n for n, city in enumerate(about.cities) if city.store])
    apart = distances(points, points[stores])
    apart[of_city[:, None] != of_city[stores]] += 1e6  # never the store of another country
    nearest_store = apart.argmin(axis=1)
    centre_points = np.array([centre.at for centre in about.distribution_centres])
    ids = {
        "territory": [f"{about.source}:territory:{_slug(name)}" for name in countries],
        "online": [f"{about.source}:online:{_slug(name)}" for name in countries],
        "store": [f"{about.source}:store:{_slug(about.cities[n].name)}" for n in stores],
        "centre": [f"{about.source}:dc:{_slug(centre.name)}" for centre in about.distribution_centres],
    }
    rows = [*_territories(about, ids), *_platforms(about, ids, nearest_store), *_stores(about, ids, stores)]
    rows += _centres(about, ids)
    opened = micros(about.opened)
    described = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        valid_from=pl.lit(opened), occurred_at=pl.lit(opened), seq=pl.lit(0, pl.Int64)
    )
    return Places(
        pl.Series(ids["territory"]),
        pl.Series(ids["online"]),
        pl.Series(ids["store"]),
        stores,
        of_city,
        nearest_store,
        pl.Series(ids["centre"]),
        distances(points, centre_points).argmin(axis=1),
        described,
    )


def distances(some: Floats, others: Floats) -> Floats:
    """Kilometres along the great circle from each of ``some`` to each of ``others`` (latitude, longitude)."""
    a, b = np.radians(some)[:, None, :], np.radians(others)[None, :, :]
    half = np.sin((a - b) / 2) ** 2
    inner = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    found: Floats = 2 * EARTH_KM * np.arcsin(np.sqrt(inner))
    return found


def _territories(about: Description, ids: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [
        {"location_id": id_, "name": name, "location_type": "Territory", "country": name,
         "region": country.region, "currency": country.currency}
        for id_, (name, country) in zip(ids["territory"], about.countries.items(), strict=True)
    ]  # fmt: skip


def _platforms(about: Description, ids: dict[str, list[str]], nearest: Numbers) -> list[dict[str, Any]]:
    rows = []
    for number, (name, country) in enumerate(about.countries.items()):
        greatest = max(
            (n for n, city in enumerate(about.cities) if city.country == name),
            key=lambda n: about.cities[n].share,
        )
        rows.append(
            {"location_id": ids["online"][number], "name": country.platform, "location_type": "Online",
             "channel_type": "Online", "platform_name": f"{about.brand} {name}",
             "platform_url": f"https://www.{country.platform}", "country": name, "region": country.region,
             "address": country.office, "contact_email": f"service@{country.platform}",
             "contact_phone": f"+1 555 02{number:02d}", "currency": country.currency,
             "territory_id": ids["territory"][number],
             "nearest_offline_location_id": ids["store"][nearest[greatest]]}
        )  # fmt: skip
    return rows


def _stores(about: Description, ids: dict[str, list[str]], stores: Numbers) -> list[dict[str, Any]]:
    rows = []
    countries = list(about.countries)
    for number, place in enumerate(stores):
        city = about.cities[place]
        country = about.countries[city.country]
        rows.append(
            {"location_id": ids["store"][number], "name": f"{about.brand} {city.name}",
             "location_type": "Store", "channel_type": "In-Store", "address": city.store, "city": city.name,
             "state": city.state, "country": city.country, "region": country.region,
             "postal_code": city.code.replace("#", "1"), "currency": country.currency,
             "contact_email": f"{_slug(city.name)}@{country.platform}",
             "contact_phone": f"+1 555 01{number:02d}", "latitude": city.at[0], "longitude": city.at[1],
             "territory_id": ids["territory"][countries.index(city.country)]}
        )  # fmt: skip
    return rows


def _centres(about: Description, ids: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [
        {"location_id": id_, "name": f"Distribution centre {centre.name}", "location_type": "Warehouse",
         "city": centre.city, "state": centre.state, "country": centre.country, "latitude": centre.at[0],
         "longitude": centre.at[1]}
        for id_, centre in zip(ids["centre"], about.distribution_centres, strict=True)
    ]  # fmt: skip


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")
