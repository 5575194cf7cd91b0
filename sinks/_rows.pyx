# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""What the sink does with every record, in compiled code: see :mod:`sinks.record`, :mod:`sinks.block`,
:mod:`sinks.intake` and :mod:`sinks.container`, which say what each part means, and do it in Python where this is missing.

Records are tuples: offset, Kafka timestamp in ms, key, value, message.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.string cimport memcmp

from streams.engine._kernel cimport MOST_MARKS, Program, long_at, put, put_long, run_program

cdef enum:
    SHORT = 64  # texts of fewer bytes have a length of one byte, twice their number

cdef long long DAY = 86_400_000_000  # microseconds
cdef long long LAST = 1 << 50  # of moments in ms: in microseconds too they are numbers of 64 bits


cdef inline Py_ssize_t long_size(long long number) noexcept nogil:
    """Bytes that ``put_long`` writes."""
    cdef unsigned long long rest = (<unsigned long long>number << 1) ^ <unsigned long long>(number >> 63)
    cdef Py_ssize_t size = 1
    while rest > 127:
        rest >>= 7
        size += 1
    return size


cdef inline Py_ssize_t size_of(object value) except -1:
    if type(value) is not bytes:
        raise TypeError("what lands is bytes")
    return PyBytes_GET_SIZE(value)


def by_place(list messages not None):
    """See :func:`sinks.record.python_by_place`."""
    cdef dict found = {}
    cdef list run = None
    cdef object topic = None, partition = None, its_topic, its_partition
    for message in messages:
        its_topic, its_partition = message.topic(), message.partition()
        if run is None or its_partition != partition or its_topic != topic:
            topic, partition = its_topic, its_partition
            run = found.setdefault((topic, partition), [])
        run.append((
            message.offset(), (<tuple>message.timestamp())[1], message.key(), message.value(), message
        ))
    return found


def room(list records not None, Py_ssize_t size, Py_ssize_t most):
    """See :func:`sinks.block.python_room`."""
    cdef Py_ssize_t i, more
    for i in range(PyList_GET_SIZE(records)):
        record = <object>PyList_GET_ITEM(records, i)
        more = length(<object>PyTuple_GET_ITEM(record, 2)) + length(<object>PyTuple_GET_ITEM(record, 3))
        if size + more > most:
            return i, size
        size += more
    return PyList_GET_SIZE(records), size


cdef inline Py_ssize_t length(object part) except -1:
    return 0 if part is None else size_of(part)


def container(bytes header not None, runs, bytes seal not None, bytes sync not None):
    """See :func:`sinks.container.python_container`."""
    cdef Py_ssize_t rows = 0, total = 0, i
    cdef long long partition, offset, moment
    cdef list records
    cdef object record, value
    for partition, records in runs:
        rows += PyList_GET_SIZE(records)
        total += PyList_GET_SIZE(records) * (long_size(partition) + PyBytes_GET_SIZE(seal))
        for i in range(PyList_GET_SIZE(records)):
            record = <object>PyList_GET_ITEM(records, i)
            offset, moment = <object>PyTuple_GET_ITEM(record, 0), <object>PyTuple_GET_ITEM(record, 1)
            total += size_of(<object>PyTuple_GET_ITEM(record, 3)) + long_size(offset) + long_size(moment)
    cdef bytes built = PyBytes_FromStringAndSize(
        NULL, PyBytes_GET_SIZE(header) + long_size(rows) + long_size(total) + total + PyBytes_GET_SIZE(sync)
    )
    cdef char* at = put(PyBytes_AS_STRING(built), PyBytes_AS_STRING(header), PyBytes_GET_SIZE(header))
    at = <char*>put_long(<unsigned char*>at, rows)
    at = <char*>put_long(<unsigned char*>at, total)
    for partition, records in runs:
        for i in range(PyList_GET_SIZE(records)):
            record = <object>PyList_GET_ITEM(records, i)
            value = <object>PyTuple_GET_ITEM(record, 3)
            offset, moment = <object>PyTuple_GET_ITEM(record, 0), <object>PyTuple_GET_ITEM(record, 1)
            at = put(at, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
            at = <char*>put_long(<unsigned char*>at, partition)
            at = <char*>put_long(<unsigned char*>at, offset)
            at = <char*>put_long(<unsigned char*>at, moment)
            at = put(at, PyBytes_AS_STRING(seal), PyBytes_GET_SIZE(seal))
    put(at, PyBytes_AS_STRING(sync), PyBytes_GET_SIZE(sync))
    return built


cdef inline bint starts_with(bytes value, bytes header) noexcept:
    return PyBytes_GET_SIZE(value) >= PyBytes_GET_SIZE(header) and not memcmp(
        PyBytes_AS_STRING(value), PyBytes_AS_STRING(header), PyBytes_GET_SIZE(header)
    )


cdef class Beginnings:
    """Finds the rows of our own streams that begin otherwise than ours do: see :class:`sinks.intake.PythonBeginnings`.

    ``texts`` is how many texts stand before the owner; -1 where records have none.
    """

    cdef bytes header
    cdef Py_ssize_t texts

    def __cinit__(self, bytes header not None, Py_ssize_t texts):
        self.header, self.texts = header, texts

    def doubtful(self, list records not None):
        """The places of the records that need a closer look."""
        cdef Py_ssize_t i
        cdef list found = []
        for i in range(PyList_GET_SIZE(records)):
            record = <object>PyList_GET_ITEM(records, i)
            if not self._is_ours(<object>PyTuple_GET_ITEM(record, 2), <object>PyTuple_GET_ITEM(record, 3)):
                found.append(i)
        return found

    cdef bint _is_ours(self, object key, object value):
        if type(value) is not bytes or not starts_with(value, self.header):
            return False
        if self.texts < 0:
            return True
        if type(key) is not bytes:
            return False
        cdef const unsigned char* p = <const unsigned char*>PyBytes_AS_STRING(value)
        cdef Py_ssize_t at = PyBytes_GET_SIZE(self.header), end = PyBytes_GET_SIZE(value), size = PyBytes_GET_SIZE(key), i
        for i in range(self.texts):
            if at >= end or p[at] >= 2 * SHORT or p[at] & 1:
                return False
            at += 1 + p[at] // 2
        return (
            size < SHORT and at < end and p[at] == 2 * size and size <= end - at - 1
            and not memcmp(p + at + 1, PyBytes_AS_STRING(key), size)
        )


cdef class Facts:
    """Finds the facts that are not plainly right: what :meth:`sinks.intake.Intake.admit` says of most, at once.

    ``program`` walks a fact; ``owner`` and ``occurred`` are the marks at which these fields begin, -1 where
    they are not looked at.
    """

    cdef bytes header
    cdef Program program
    cdef Py_ssize_t owner, occurred

    def __cinit__(self, bytes header not None, Program program not None, Py_ssize_t owner, Py_ssize_t occurred):
        if program.marks > MOST_MARKS or max(owner, occurred) >= program.marks:
            raise ValueError("no such mark")
        self.header, self.program, self.owner, self.occurred = header, program, owner, occurred

    def doubtful(self, list records not None):
        """The places of the records that need a closer look."""
        cdef Py_ssize_t i
        cdef list found = []
        for i in range(PyList_GET_SIZE(records)):
            record = <object>PyList_GET_ITEM(records, i)
            if not self._is_right(
                <object>PyTuple_GET_ITEM(record, 1), <object>PyTuple_GET_ITEM(record, 2),
                <object>PyTuple_GET_ITEM(record, 3),
            ):
                found.append(i)
        return found

    cdef bint _is_right(self, long long moment, object key, object value) except -1:
        cdef Py_ssize_t places[MOST_MARKS + 1]
        if type(value) is not bytes or not starts_with(value, self.header):
            return False
        cdef const unsigned char* p = <const unsigned char*>PyBytes_AS_STRING(value)
        cdef Py_ssize_t end = PyBytes_GET_SIZE(value)
        if run_program(self.program.ops, p, PyBytes_GET_SIZE(self.header), end, places) != end:
            return False
        places[self.program.marks] = end
        if self.owner >= 0:
            if type(key) is not bytes or not is_of(p, places[self.owner], places[self.owner + 1], key):
                return False
        if self.occurred >= 0:
            if not -LAST < moment < LAST:
                return False
            return long_at(p, places[self.occurred], places[self.occurred + 1]) <= moment * 1000 + DAY
        return True


cdef inline bint is_of(const unsigned char* p, Py_ssize_t start, Py_ssize_t end, bytes key) noexcept:
    """Whether the text between two places is the key, or the key goes on behind it with @ or #."""
    start += 1 if p[start] < 128 else 2  # its length, of two bytes at the most
    cdef Py_ssize_t size = end - start, whole = PyBytes_GET_SIZE(key)
    cdef const unsigned char* k = <const unsigned char*>PyBytes_AS_STRING(key)
    if whole < size or memcmp(p + start, k, size):
        return False
    return whole == size or k[size] == 64 or k[size] == 35
