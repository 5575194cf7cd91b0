"""The compiled kernel is there where it can be built, and gives what Python gives."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path

import pytest
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.avro import varint
from streams.engine.kernel import KERNEL, crc32c

_LONGS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, -1, 63, 64, -64, -65, 2**62, -(2**63)])


def test_the_kernel_is_built_where_there_is_a_compiler() -> None:
    """A build that fails unseen would only be slow, so it is seen here."""
    compiler = any(map(shutil.which, ("cc", "gcc", "clang")))
    headers = Path(sysconfig.get_path("include"), "Python.h").exists()
    assert (KERNEL is not None) == (compiler and headers and os.environ.get("STREAMS_KERNEL") != "off")


@given(_LONGS)
def test_numbers_are_the_same(number: int) -> None:
    """The varint functions, with and without the kernel."""
    encoded = varint.python_encode_long(number)
    assert varint.encode_long(number) == encoded
    framed = b"x" + encoded + b"y"
    for decode in (varint.decode_long, varint.python_decode_long):
        assert decode(framed, 1, 1 + len(encoded)) == number


def test_a_place_outside_of_the_value_is_refused() -> None:
    """The kernel reads no byte that is not the value's."""
    if KERNEL is None:
        pytest.skip("the kernel is not built: there is no C compiler")
    for start, end in ((0, 3), (-1, 1), (0, 12)):
        with pytest.raises(IndexError):
            KERNEL.decode_long(b"\x02\x04", start, end)


@given(st.binary(max_size=300))
def test_the_checksum_is_aiokafkas(data: bytes) -> None:
    """Of any length, and of any bytes that can be looked into."""
    assert crc32c(data) == crc32c(memoryview(bytearray(data))) == calc_crc32c(data)
