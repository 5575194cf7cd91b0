"""A part travels to the supervisor as data."""

from __future__ import annotations

import json

from mesh.platform.part import Health, Part


def test_a_part_survives_the_journey_as_json() -> None:
    """What arrives equals what was declared, tuples and all."""
    part = Part(
        name="x",
        command=("run", "it"),
        health=Health("http", "http://127.0.0.1:1/ping"),
        address="127.0.0.1:1",
        version="1",
        env={"A": "b"},
        needs=("y",),
        ports=(1, 2),
        prepare=("make",),
        prepared_by="/made",
    )
    assert Part.from_dict(json.loads(json.dumps(part.to_dict()))) == part
