"""A dictionary of bytes that keeps what was not touched lately compressed.

Entries of orders and customers have most of their bytes in common: prefixes of ids, names, the form of a
line. A Zstandard dictionary trained on the first few thousand of them makes the others a third or a quarter
as large, at some three microseconds each way. Batches touch the same entries more than once, so the newest
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

TOUCHED = 16_384
"""Entries that are touched before what was not touched since the last time is compressed.

What is paid, shipped and delivered while it is plain is compressed once; that halves the price of a recovery,
for some 20 MB a partition.
"""
_SAMPLES = 500
_DICTIONARY_BYTES = 1 << 13
"""More samples, or a larger dictionary, make entries no smaller."""
_SEGMENT_BYTES, _MATCH_BYTES = 1000, 8
"""What the dictionary is put together from: pieces of about two entries, in which runs of so many bytes are
looked for. To let Zstandard try what is best costs 0.1 s a partition, and finds the same or worse."""
STALE = b""
"""In place of a packed value that is no longer the newest."""


class CompactDict:
    """Bytes by bytes. What was touched since the last two times that it settled stays as it is.

    ``plain`` is what was touched since the last time, ``older`` what was touched since the time before. They
    and ``packed`` are the same three dictionaries for ever. ``packed`` has every key, so that the object by
    which a key came first is the only one that is kept, with ``b""`` where its value is in one of the others.
    Who changes ``plain`` notes that in ``packed``, and settles when ``plain`` has more than ``touched``
    entries, as ``[]=`` does.
    """

    def __init__(self, touched: int = TOUCHED) -> None:
        self.touched = touched
        self.plain: dict[bytes, bytes] = {}
        self.packed: dict[bytes, bytes] = {}
        self.older: dict[bytes, bytes] = {}
        self._compressor: ZstdCompressor | None = None
        self._decompressor = ZstdDecompressor(format=FORMAT_ZSTD1_MAGICLESS)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        value = self.plain.get(key)
        if value is not None:
            return value
        value = self.older.get(key)
        if value is None:
            packed = self.packed.get(key)
            if packed is None:
                return None
            value = self.unpacked(packed)
        self.plain[key] = value  # it is still as it is packed, so that it need not be compressed again
        if len(self.plain) > self.touched:
            self.settle()
        return value

    def unpacked(self, packed: bytes) -> bytes:
        """A value as it was before it was compressed."""
        return self._decompressor.decompress(packed)

    def __getitem__(self, key: bytes) -> bytes:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.plain[key] = value
        self.packed[key] = STALE
        if len(self.plain) > self.touched:
            self.settle()

    def __iter__(self) -> Iterator[bytes]:
        return iter(list(self.packed))

    def __len__(self) -> int:
        return len(self.packed)

    def settle(self) -> None:
        """Compress what was not touched since the last time. The first time learn what values share."""
        if self._compressor is None:
            self._learn(self.plain.values())
        assert self._compressor is not None
        compress, packed, plain = self._compressor.compress, self.packed, self.plain
        for key, value in self.older.items():
            if not packed[key] and key not in plain:
                # A copy: what it returns keeps the memory of the largest result that there could be.
                packed[key] = bytes(memoryview(compress(value)))
        self.older.clear()
        self.older.update(plain)
        plain.clear()

    def _learn(self, values: Collection[bytes]) -> None:
        samples: list[Any] = list(values)[:: max(1, len(values) // _SAMPLES)]
        common: ZstdCompressionDict | None
        try:
            common = train_dictionary(_DICTIONARY_BYTES, samples, k=_SEGMENT_BYTES, d=_MATCH_BYTES)
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
