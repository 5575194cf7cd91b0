"""Every test here holds with the compiled kernel and without it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.engine.avro import join, recognise
from streams.engine.kernel import KERNEL


@pytest.fixture(autouse=True, scope="module", params=["kernel", "python"] if KERNEL else ["python"])
def loops(request: pytest.FixtureRequest) -> Iterator[None]:
    """Walk and join by the kernel, then in Python."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "python":
            patch.setattr(recognise, "KERNEL", None)
            patch.setattr(join, "KERNEL", None)
        yield
