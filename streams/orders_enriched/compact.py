"""A dictionary of bytes that keeps what was not touched lately compressed.

Entries of orders and customers have most of their bytes in common: prefixes of ids, names, the form of a
line. A Zstandard dictionary trained on the first few thousand of them makes the others a third or a quarter
as large, at some two microseconds each way. Batches touch the same entries more than once, so the newest
stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from zstandard import (
    FORMAT_ZSTD1_MAGICLESS,
    ZstdCompressionDict,
    ZstdCompressionParameters,
    ZstdCompressor,
    ZstdDecompressor,
    ZstdError,
    train_dictionary,
)

TOUCHED = 4096
"""Entries that are kept as they are."""
_SAMPLES = 2000
_DICTIONARY_BYTES = 1 << 14


class CompactDict:
    """Bytes by bytes. A value is what was put last; ``touched`` says how many stay uncompressed."""

    def __init__(self, touched: int = TOUCHED) -> None:
        self.touched = touched
        self.plain: dict[bytes, bytes] = {}
        """What is not compressed. Who adds to it settles when it exceeds ``touched``."""
        self._packed: dict[bytes, bytes] = {}
        self._compressor: ZstdCompressor | None = None
        self._decompressor = ZstdDecompressor(format=FORMAT_ZSTD1_MAGICLESS)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        value = self.plain.get(key)
        if value is None and (packed := self._packed.get(key)) is not None:
            return self._decompressor.decompress(packed)
        return value

    def __getitem__(self, key: bytes) -> bytes:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.plain[key] = value
        if len(self.plain) > self.touched:
            self.settle()

    def __iter__(self) -> Iterator[bytes]:
        yield from self._packed
        yield from (key for key in self.plain if key not in self._packed)

    def __len__(self) -> int:
        return len(self._packed) + sum(key not in self._packed for key in self.plain)

    def settle(self) -> None:
        """Compress everything, the first time after learning what the values have in common."""
        if self._compressor is None:
            self._learn(self.plain.values())
        assert self._compressor is not None
        compress, packed = self._compressor.compress, self._packed
        for key, value in self.plain.items():
            # A copy: what the compressor returns keeps the memory of the largest result that there could be.
            packed[key] = bytes(memoryview(compress(value)))
        self.plain = {}

    def _learn(self, values: Collection[bytes]) -> None:
        samples: list[Any] = list(values)[:: max(1, len(values) // _SAMPLES)]
        common: ZstdCompressionDict | None
        try:
            common = train_dictionary(_DICTIONARY_BYTES, samples)
        except ZstdError:  # too few values, or too small ones
            common = None
        parameters = ZstdCompressionParameters.from_level(
            1,
            format=FORMAT_ZSTD1_MAGICLESS,
            write_content_size=True,
            write_checksum=False,
            write_dict_id=False,
        )
        self._compressor = ZstdCompressor(compression_params=parameters, dict_data=common)
        self._decompressor = ZstdDecompressor(dict_data=common, format=FORMAT_ZSTD1_MAGICLESS)
