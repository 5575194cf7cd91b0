# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Kafka's record batches, format 2, in compiled code: see :mod:`streams.engine.records` and
:mod:`streams.engine.transport.fetched`, which say what each part means, and do it in Python where this is
missing.

The format is that of https://kafka.apache.org/documentation/#recordbatch.
"""

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE, PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from streams.engine._kernel cimport put_long

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #if defined(__x86_64__) && defined(__GNUC__)
    __attribute__((target("sse4.2"))) static uint32_t streams_crc32c(const unsigned char* p, size_t size) {
        uint64_t crc = 0xffffffff, word;
        for (; size >= 8; p += 8, size -= 8) memcpy(&word, p, 8), crc = __builtin_ia32_crc32di(crc, word);
        for (; size; p++, size--) crc = __builtin_ia32_crc32qi((uint32_t)crc, *p);
        return (uint32_t)crc ^ 0xffffffff;
    }
    #define streams_has_crc32c() (__builtin_cpu_init(), __builtin_cpu_supports("sse4.2") != 0)
    #else
    #define streams_crc32c(p, size) 0
    #define streams_has_crc32c() 0
    #endif
    """
    unsigned int streams_crc32c(const unsigned char* p, size_t size) noexcept nogil
    bint streams_has_crc32c()

HAS_CRC32C = bool(streams_has_crc32c())  # whether this processor computes the checksum of batches by itself


def crc32c(const unsigned char[::1] data not None):
    """The checksum of Kafka's record batches, by the processor: only where ``HAS_CRC32C``."""
    return streams_crc32c(&data[0], data.shape[0]) if data.shape[0] else 0


cdef enum:
    HEADER = 61  # bytes of a batch before its first record
    PREFIX = 12  # base offset and length, which the length does not count


class MalformedError(ValueError):
    """Bytes that are no record batch."""


cdef inline Py_ssize_t varint_size(int64_t number) noexcept nogil:
    cdef uint64_t rest = (<uint64_t>number << 1) ^ <uint64_t>(number >> 63)
    cdef Py_ssize_t size = 1
    while rest > 127:
        rest >>= 7
        size += 1
    return size


cdef inline uint8_t* put_part(uint8_t* at, object part, Py_ssize_t size) noexcept:
    """A key or a value with its length; -1 stands for none."""
    at = put_long(at, size)
    if size > 0:
        memcpy(at, PyBytes_AS_STRING(part), size)
        at += size
    return at


cdef inline Py_ssize_t size_of(object part) except -2:
    if part is None:
        return -1
    if type(part) is not bytes:
        raise TypeError("a key or value is bytes, or None")
    return PyBytes_GET_SIZE(part)


def encode(list records not None, Py_ssize_t start, Py_ssize_t most, int64_t now):
    """As many records from ``start`` on as fit into ``most`` bytes, one at least: a batch whose header is yet to
    be filled in, the number of the record after its last, its first and its greatest timestamp.

    See :func:`streams.engine.records.python_encode`.
    """
    cdef Py_ssize_t count = PyList_GET_SIZE(records), i = start, n_key, n_value, size, total = 0
    cdef int64_t moment, first = now, last = now, delta
    cdef object record
    cdef bytearray batch
    cdef uint8_t* at
    while i < count:  # how many fit
        record = <object>PyList_GET_ITEM(records, i)
        n_key = size_of(<object>PyTuple_GET_ITEM(record, 0))
        n_value = size_of(<object>PyTuple_GET_ITEM(record, 1))
        moment = now if PyTuple_GET_SIZE(record) == 2 else <object>PyTuple_GET_ITEM(record, 2)
        if i == start:
            first = last = moment
        size = (
            2 + varint_size(moment - first) + varint_size(i - start) + varint_size(n_key) + max(n_key, 0)
            + varint_size(n_value) + max(n_value, 0)
        )
        size += varint_size(size)
        if total + size > most and i > start:
            break
        total += size
        last = max(last, moment)
        i += 1
    batch = PyByteArray_FromStringAndSize(NULL, HEADER + total)
    at = <uint8_t*>PyByteArray_AS_STRING(batch) + HEADER
    count = i
    for i in range(start, count):
        record = <object>PyList_GET_ITEM(records, i)
        n_key = size_of(<object>PyTuple_GET_ITEM(record, 0))
        n_value = size_of(<object>PyTuple_GET_ITEM(record, 1))
        delta = (now if PyTuple_GET_SIZE(record) == 2 else <int64_t><object>PyTuple_GET_ITEM(record, 2)) - first
        at = put_long(
            at,
            2 + varint_size(delta) + varint_size(i - start) + varint_size(n_key) + max(n_key, 0)
            + varint_size(n_value) + max(n_value, 0)
        )
        at[0] = 0  # attributes
        at = put_long(at + 1, delta)
        at = put_long(at, i - start)
        at = put_part(at, <object>PyTuple_GET_ITEM(record, 0), n_key)
        at = put_part(at, <object>PyTuple_GET_ITEM(record, 1), n_value)
        at[0] = 0  # headers
        at += 1
    return batch, count, first, last


cdef uint32_t murmur2(const uint8_t* key, Py_ssize_t size) noexcept nogil:
    """Java's murmur2, as Kafka's own partitioner has it (org.apache.kafka.common.utils.Utils)."""
    cdef uint32_t h = <uint32_t>0x9747b28c ^ <uint32_t>size, k
    while size >= 4:
        memcpy(&k, key, 4)
        k *= 0x5bd1e995
        k ^= k >> 24
        h = (h * 0x5bd1e995) ^ (k * 0x5bd1e995)
        key += 4
        size -= 4
    if size:
        if size == 3:
            h ^= <uint32_t>key[2] << 16
        if size >= 2:
            h ^= <uint32_t>key[1] << 8
        h = (h ^ key[0]) * 0x5bd1e995
    h ^= h >> 13
    h *= 0x5bd1e995
    return h ^ (h >> 15)


def by_key(list records not None, Py_ssize_t partitions):
    """See :func:`streams.engine.partitioning.python_by_key`."""
    cdef list parts = [[] for _ in range(partitions)]
    cdef object record, key
    cdef Py_ssize_t place
    for record in records:
        key = record[0]
        place = 0
        if key is not None:
            if type(key) is not bytes:
                raise TypeError("a key is bytes, or None")
            place = (murmur2(<uint8_t*>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key)) & 0x7fffffff) % partitions
        (<list>PyList_GET_ITEM(parts, place)).append(record)
    return parts


cdef inline uint64_t big_endian(const uint8_t* at, Py_ssize_t size) noexcept nogil:
    cdef uint64_t number = 0
    cdef Py_ssize_t i
    for i in range(size):
        number = number << 8 | at[i]
    return number


def plain(bytes data not None):
    """See :func:`streams.engine.transport.fetched.is_plain`."""
    cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(data)
    cdef Py_ssize_t at = 0, end = PyBytes_GET_SIZE(data), length
    while end - at >= HEADER:
        length = <Py_ssize_t><int64_t>big_endian(p + at + 8, 4)
        if p[at + 16] != 2 or big_endian(p + at + 21, 2) & 0x37:  # compression, transactional, control
            return False
        at += PREFIX + length
    return True


cdef class Headers:
    """The headers of a record, decoded when somebody asks, which nearly nobody does."""

    cdef bytes data
    cdef Py_ssize_t at, count

    def __len__(self):
        return self.count

    def __iter__(self):
        return iter(self._decoded())

    def __getitem__(self, index):
        return self._decoded()[index]

    def __eq__(self, other):
        return list(self) == list(other)

    def __repr__(self):
        return repr(self._decoded())

    cdef list _decoded(self):
        cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(self.data)
        cdef Py_ssize_t at = self.at, i
        cdef int64_t size
        cdef list found = []
        for i in range(self.count):  # their bounds were seen to when the record was read
            at = read_varint(p, at, PyBytes_GET_SIZE(self.data), &size)
            name = PyBytes_FromStringAndSize(<char*>p + at, size).decode(errors="replace")
            at = read_varint(p, at + size, PyBytes_GET_SIZE(self.data), &size)
            found.append((name, None if size < 0 else PyBytes_FromStringAndSize(<char*>p + at, size)))
            at += max(size, 0)
        return found


cdef inline Py_ssize_t read_varint(const uint8_t* p, Py_ssize_t at, Py_ssize_t end, int64_t* number) noexcept nogil:
    """The place after a number; -1 where there is none."""
    cdef uint64_t rest = 0
    cdef int shift = 0
    while at < end and shift < 64:
        rest |= <uint64_t>(p[at] & 127) << shift
        at += 1
        if p[at - 1] < 128:
            number[0] = <int64_t>((rest >> 1) ^ (0 - (rest & 1)))
            return at
        shift += 7
    return -1


cdef class Records:
    """See :class:`streams.engine.transport.fetched.Records`."""

    cdef bytes data
    cdef object crc
    cdef Py_ssize_t at, end  # the next record, and the end of its batch
    cdef int64_t base, first, append, left, after  # of the batch: offset, timestamps, records, offset behind it
    cdef readonly int64_t next_fetch_offset

    def __cinit__(self, bytes data not None, int64_t fetch_offset, crc):
        self.data, self.next_fetch_offset, self.crc = data, fetch_offset, crc
        self.at = self.end = 0
        self.left = 0
        self.after = fetch_offset

    def take(self, most):
        """Up to ``most`` records, or all where that is None."""
        cdef list found = []
        cdef Py_ssize_t limit = PyBytes_GET_SIZE(self.data) if most is None else most
        while len(found) < limit:
            if not self.left:
                self.at = self.end
                self.next_fetch_offset = self.after
                if not self._batch():
                    return found, True
                continue
            self._record(found)
        return found, False

    cdef bint _batch(self) except -1:
        """Go to the next whole batch; False at the end."""
        cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(self.data) + self.at
        cdef Py_ssize_t rest = PyBytes_GET_SIZE(self.data) - self.at, size
        if rest < HEADER:
            return False
        size = PREFIX + <Py_ssize_t>big_endian(p + 8, 4)
        if size > rest:
            return False
        if size < HEADER:
            raise MalformedError("a batch is shorter than its header")
        if self.crc(self.data[self.at + 21 : self.at + size]) != big_endian(p + 17, 4):
            raise MalformedError("the checksum of a batch is wrong")
        self.base = <int64_t>big_endian(p, 8)
        self.after = self.base + <int64_t>big_endian(p + 23, 4) + 1
        self.first = <int64_t>big_endian(p + 27, 8)
        self.append = <int64_t>big_endian(p + 35, 8) if p[22] & 8 else -1
        self.left = <int64_t>big_endian(p + 57, 4)
        self.end = self.at + size
        self.at += HEADER
        return True

    cdef int _record(self, list found) except -1:
        cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(self.data)
        cdef Py_ssize_t at = self.at, end, i
        cdef int64_t size, delta, offset, count
        cdef object key = None, value = None, headers = (), number
        cdef Headers some
        at = read_varint(p, at, self.end, &size)
        if at < 0 or size < 0 or size > self.end - at:
            raise MalformedError("a record is longer than its batch")
        end = at + size
        at = read_varint(p, at + 1, end, &delta)
        if at >= 0:
            at = read_varint(p, at, end, &offset)
        if at >= 0:
            at = read_varint(p, at, end, &size)
        if at < 0 or size > end - at:
            raise MalformedError("a key is longer than its record")
        if size >= 0:
            key = PyBytes_FromStringAndSize(<char*>p + at, size)
            at += size
        at = read_varint(p, at, end, &size)
        if at < 0 or size > end - at:
            raise MalformedError("a value is longer than its record")
        if size >= 0:
            value = PyBytes_FromStringAndSize(<char*>p + at, size)
            at += size
        at = read_varint(p, at, end, &count)
        if at < 0 or count < 0:
            raise MalformedError("a record has a negative number of headers")
        if count:
            some = Headers.__new__(Headers)
            some.data, some.at, some.count = self.data, at, count
            headers = some
            for i in range(2 * count):
                at = read_varint(p, at, end, &size)
                if at < 0 or size > end - at or (size < 0 and i % 2 == 0):
                    raise MalformedError("a header is longer than its record")
                at += max(size, 0)
        if at != end:
            raise MalformedError("a record is shorter than it says")
        self.at = end
        self.left -= 1
        if self.base + offset < self.next_fetch_offset:
            return 0  # before the place that was asked for: a batch comes whole
        self.next_fetch_offset = self.base + offset + 1
        record = PyTuple_New(5)
        number = self.base + offset
        Py_INCREF(number)
        PyTuple_SET_ITEM(record, 0, number)
        number = self.append if self.append >= 0 else self.first + delta
        Py_INCREF(number)
        PyTuple_SET_ITEM(record, 1, number)
        Py_INCREF(key)
        PyTuple_SET_ITEM(record, 2, key)
        Py_INCREF(value)
        PyTuple_SET_ITEM(record, 3, value)
        Py_INCREF(headers)
        PyTuple_SET_ITEM(record, 4, headers)
        found.append(record)
        return 0
