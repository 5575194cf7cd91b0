"""The seam of personal text."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.personal import protect, protect_column, reveal, reveal_column

TEXTS = st.none() | st.text()


@given(TEXTS)
def test_text_comes_back(text: str | None) -> None:
    """Reveal undoes protect, for nulls and empty text too."""
    assert reveal(protect("aw:1", "email", text)) == text


@given(st.text())
def test_equal_text_gives_equal_bytes(text: str) -> None:
    """Repeats of a fact stay equal bytes, on which the comparison of contents rests."""
    assert protect("aw:1", "email", text) == protect("aw:1", "email", text)


@given(st.lists(TEXTS))
def test_columns_are_treated_as_their_rows(texts: list[str | None]) -> None:
    """The forms for columns agree with those for one text."""
    subjects = pl.Series([f"aw:{number}" for number in range(len(texts))], dtype=pl.String)
    protected = protect_column(subjects, "email", pl.Series(texts, dtype=pl.String))
    assert protected.dtype == pl.Binary
    assert protected.to_list() == [
        protect(subject, "email", text) for subject, text in zip(subjects, texts, strict=True)
    ]
    assert reveal_column(protected).to_list() == texts


def test_bytes_that_were_never_text_are_refused() -> None:
    """Neither form guesses."""
    with pytest.raises(ValueError, match="utf-8"):
        reveal(b"\xff")
    with pytest.raises(ValueError, match="never protected"):
        reveal_column(pl.Series([b"\xff"]))
