# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The compiled kernel: the innermost loops of the batch path, each a drop-in for Python.

``Program`` runs a walk (:mod:`streams.engine.avro.walk_program`) over raw Avro bytes; what it does not
recognise is left to the Python walkers, as with the regular expressions that it stands in for.
``Join`` joins a batch; the functions stand in for Python functions of their names. Each gives what the Python
beside it gives, byte for byte, which tests hold.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_New, PyTuple_SET_ITEM
from libc.string cimport memcmp, memcpy

cdef enum:
    MOST_BLOCKS = 64

cdef enum:
    OP_END = 0
    OP_MARK = 1
    OP_NUMBER = 2
    OP_TEXT = 3
    OP_BYTES = 4
    OP_DECIMAL = 5
    OP_SKIP = 6
    OP_BOOLEAN = 7
    OP_ITEMS = 8
    OP_ENUM = 9
    OP_UNION = 10
    OP_JUMP = 11
    OP_FLOAT = 12


cdef inline bint _minimal_decimal(const unsigned char* p, Py_ssize_t size) noexcept nogil:
    """Whether a decimal has as few bytes as the codec writes, which gives -2^n a byte to spare."""
    cdef Py_ssize_t i
    cdef unsigned char first = p[0], second
    if size == 1:
        return first != 0x80
    second = p[1]
    if first == 0x00:
        return second > 0x7f
    if first == 0xff:
        if second > 0x80:
            return False
        if second == 0x80:
            for i in range(2, size):
                if p[i]:
                    return False
        return True
    if first == 0x80:
        for i in range(1, size):
            if p[i]:
                return True
        return False
    return True


cdef Py_ssize_t run_program(
    const int* ops, const unsigned char* p, Py_ssize_t at, Py_ssize_t end, Py_ssize_t* marks
) noexcept nogil:
    """Walk one record from ``at``; where it ends, or -1 when it is not recognised."""
    cdef Py_ssize_t size, i, mark = 0
    cdef int op, most
    cdef unsigned char byte
    while True:
        op = ops[0]
        if op == OP_MARK:
            marks[mark] = at
            mark += 1
            ops += 1
        elif op == OP_NUMBER:  # most bytes, greatest last byte of so many
            if at >= end:
                return -1
            if p[at] < 0x80:
                at += 1
            else:
                most = ops[1]
                i = 1
                while True:
                    if i >= most or at + i >= end:
                        return -1
                    byte = p[at + i]
                    i += 1
                    if byte < 0x80:
                        break
                if byte == 0 or (i == most and byte > ops[2]):
                    return -1
                at += i
            ops += 3
        elif op == OP_TEXT or op == OP_BYTES or op == OP_DECIMAL:
            if at >= end:
                return -1
            byte = p[at]
            at += 1
            if byte & 1:
                return -1
            size = (byte & 0x7f) >> 1
            if byte > 0x7f:
                if at >= end or p[at] == 0 or p[at] > 0x7f:
                    return -1
                size |= p[at] << 6
                at += 1
            if size > end - at:
                return -1
            if op == OP_TEXT:
                for i in range(at, at + size):
                    if p[i] > 0x7f:
                        return -1
            elif op == OP_DECIMAL:
                if size == 0 or size > ops[1] or not _minimal_decimal(p + at, size):
                    return -1
                ops += 1
            at += size
            ops += 1
        elif op == OP_UNION:  # branches, then where each begins, from here
            if at >= end:
                return -1
            byte = p[at]
            at += 1
            if byte & 1 or (byte >> 1) >= ops[1]:
                return -1
            ops += ops[2 + (byte >> 1)]
        elif op == OP_JUMP:
            ops += ops[1]
        elif op == OP_SKIP:
            at += ops[1]
            if at > end:
                return -1
            ops += 2
        elif op == OP_FLOAT:  # no signalling NaN: reading would change its bytes
            if end - at < 4:
                return -1
            if (p[at + 3] & 0x7f) == 0x7f and (p[at + 2] & 0xc0) == 0x80 and (p[at] or p[at + 1] or p[at + 2] != 0x80):
                return -1
            at += 4
            ops += 1
        elif op == OP_BOOLEAN:
            if at >= end or p[at] > 1:
                return -1
            at += 1
            ops += 1
        elif op == OP_ITEMS:  # where what follows begins, from here, and the walk of one item
            if at >= end or p[at] & 1:
                return -1
            size = (p[at] & 0x7f) >> 1
            at += 1
            if p[at - 1] > 0x7f:
                if at >= end or p[at] == 0 or p[at] > 0x7f:
                    return -1
                size |= p[at] << 6
                at += 1
            if size:  # one block of them, and an empty one
                for i in range(size):
                    at = run_program(ops + 2, p, at, end, NULL)
                    if at < 0:
                        return -1
                if at >= end or p[at]:
                    return -1
                at += 1
            ops += ops[1]
        elif op == OP_ENUM:
            if at >= end or p[at] & 1 or (p[at] >> 1) >= ops[1]:
                return -1
            at += 1
            ops += 2
        else:
            return at


cdef class Program:
    """A walk, ready to run. ``code`` are its operations; ``marks`` how many places it reports."""

    def __cinit__(self, code, Py_ssize_t marks):
        if marks > MOST_MARKS:
            raise ValueError("too many marks")
        cdef Py_ssize_t i
        self.marks = marks
        self.ops = <int*>PyMem_Malloc(len(code) * sizeof(int))
        if not self.ops:
            raise MemoryError
        for i in range(len(code)):
            self.ops[i] = code[i]

    def __dealloc__(self):
        PyMem_Free(self.ops)

    def record(self, bytes value, Py_ssize_t start):
        """The places of a record that begins at ``start``, and its end; None when it is not recognised."""
        cdef Py_ssize_t places[MOST_MARKS]
        cdef Py_ssize_t i, at
        cdef object place  # an object, so that its reference can be given to the tuple
        at = run_program(self.ops, <const unsigned char*>PyBytes_AS_STRING(value), start, PyBytes_GET_SIZE(value), places)
        if at < 0:
            return None
        found = PyTuple_New(self.marks + 1)
        for i in range(self.marks):
            place = places[i]
            Py_INCREF(place)
            PyTuple_SET_ITEM(found, i, place)
        place = at
        Py_INCREF(place)
        PyTuple_SET_ITEM(found, self.marks, place)
        return found

    def items(self, bytes value, Py_ssize_t start):
        """The items of an array in one block that begins at ``start``: of each its bytes and those between
        each pair of marks; and the end of the array. None when it is not recognised."""
        cdef Py_ssize_t places[MOST_MARKS]
        cdef const unsigned char* p = <const unsigned char*>PyBytes_AS_STRING(value)
        cdef Py_ssize_t end = PyBytes_GET_SIZE(value), at = start, count, i, after
        cdef tuple item
        cdef bytes part
        if at >= end or p[at] & 1:
            return None
        count = (p[at] & 0x7f) >> 1
        if p[at] > 0x7f:
            at += 1
            if at >= end or p[at] == 0 or p[at] > 0x7f:
                return None
            count |= p[at] << 6
        at += 1
        items = []
        if not count:
            return items, at
        while count:
            after = run_program(self.ops, p, at, end, places)
            if after < 0:
                return None
            item = PyTuple_New(1 + self.marks // 2)
            part = PyBytes_FromStringAndSize(<char*>p + at, after - at)
            Py_INCREF(part)
            PyTuple_SET_ITEM(item, 0, part)
            for i in range(self.marks // 2):
                part = PyBytes_FromStringAndSize(<char*>p + places[2 * i], places[2 * i + 1] - places[2 * i])
                Py_INCREF(part)
                PyTuple_SET_ITEM(item, i + 1, part)
            items.append(item)
            at = after
            count -= 1
        if at >= end or p[at]:
            return None  # another block, or nothing
        return items, at + 1


def decode_long(bytes value not None, Py_ssize_t start, Py_ssize_t end):
    """See :func:`streams.engine.avro.varint.python_decode_long`."""
    if start < 0 or end > PyBytes_GET_SIZE(value) or end - start > 10:
        raise IndexError("not a number's bytes")
    return long_at(<const unsigned char*>PyBytes_AS_STRING(value), start, end)


def encode_long(long long number):
    """See :func:`streams.engine.avro.varint.python_encode_long`."""
    cdef unsigned char encoded[10]
    return PyBytes_FromStringAndSize(<char*>encoded, put_long(encoded, number) - encoded)


def sorted_out(list records not None, bytes reserved not None):
    """See :func:`streams.engine.marks.python_sorted_out`; ``reserved`` begins the keys of the engine's own."""
    cdef list entries = [], own = [], its
    cdef Py_ssize_t size = PyBytes_GET_SIZE(reserved)
    cdef bytes key
    for record in records:
        key, value = record[2], record[3]
        if key is not None and value is not None:
            its = entries
            if PyBytes_GET_SIZE(key) >= size and not memcmp(PyBytes_AS_STRING(key), PyBytes_AS_STRING(reserved), size):
                its = own
            its.append((key, value))
    return entries, own


cdef class Join:
    """The loop of :mod:`streams.engine.avro.join` for one splice and its tables.

    ``fact`` marks where each own key of a fact begins and ends, ``item`` the same of an item's keys, or None
    for facts without items. ``tables`` and ``nulls`` are by block, ``sources`` the number of the key that
    finds it: own keys first, then the item's.
    """

    cdef Program fact, item
    cdef bytes header, frame
    cdef tuple tables, nulls
    cdef Py_ssize_t blocks, own, items
    cdef Py_ssize_t sources[MOST_BLOCKS]

    def __cinit__(
        self, Program fact not None, Program item, bytes header not None, bytes frame not None,
        tuple tables not None, tuple nulls not None, tuple sources not None
    ):
        self.fact, self.item, self.header, self.frame = fact, item, header, frame
        self.tables, self.nulls = tables, nulls
        self.blocks = len(tables)
        self.own = fact.marks // 2
        self.items = 0 if item is None else item.marks // 2
        if not (len(nulls) == len(sources) == self.blocks) or max(self.blocks, self.own + self.items) > MOST_BLOCKS:
            raise ValueError("too many blocks or keys, or not as many of each")
        cdef Py_ssize_t i
        for i in range(self.blocks):
            self.sources[i] = sources[i]
            if not 0 <= self.sources[i] < self.own + self.items:
                raise ValueError("no such key")
            if type(tables[i]) is not dict or type(nulls[i]) is not bytes:
                raise TypeError("a table is a dictionary of bytes")

    def run(self, facts, list rows not None):
        """Append the rows of facts until one is not recognised, and return that; None when all are done."""
        cdef Py_ssize_t known
        for record in facts:
            known = PyList_GET_SIZE(rows)
            if not self._join(record[1], record[2], record[3], rows):
                del rows[known:]
                return record
        return None

    cdef bint _join(self, moment, key, value, list rows) except -1:
        cdef Py_ssize_t places[MOST_MARKS]
        cdef PyObject* found[MOST_BLOCKS]
        cdef const unsigned char* p
        cdef Py_ssize_t at, end, count, start, i
        if type(value) is not bytes:
            return False
        p = <const unsigned char*>PyBytes_AS_STRING(value)
        end = PyBytes_GET_SIZE(value)
        start = PyBytes_GET_SIZE(self.header)
        if end < start or memcmp(p, PyBytes_AS_STRING(self.header), start):
            return False
        at = run_program(self.fact.ops, p, start, end, places)
        if at < 0:
            return False
        for i in range(self.blocks):
            if self.sources[i] < self.own:
                found[i] = self._find(i, p, places, self.sources[i])
        if self.item is None:
            if at != end:
                return False
            self._append(rows, key, moment, p + start, end - start, p, 0, found)
            return True
        cdef Py_ssize_t body = at - start, after
        if at >= end or p[at] & 1:
            return False
        count = (p[at] & 0x7f) >> 1
        if p[at] > 0x7f:
            at += 1
            if at >= end or p[at] == 0 or p[at] > 0x7f:
                return False
            count |= p[at] << 6
        at += 1
        if not count:
            return at == end
        while count:
            after = run_program(self.item.ops, p, at, end, places)
            if after < 0:
                return False
            for i in range(self.blocks):
                if self.sources[i] >= self.own:
                    found[i] = self._find(i, p, places, self.sources[i] - self.own)
            self._append(rows, key, moment, p + start, body, p + at, after - at, found)
            at = after
            count -= 1
        return at + 1 == end and p[at] == 0  # else another block, or bytes after the last field

    cdef PyObject* _find(self, Py_ssize_t block, const unsigned char* p, Py_ssize_t* places, Py_ssize_t key) except NULL:
        """The block of the member that a key names; borrowed from its table."""
        cdef bytes name = PyBytes_FromStringAndSize(<char*>p + places[2 * key], places[2 * key + 1] - places[2 * key])
        cdef PyObject* found = PyDict_GetItem(<object>PyTuple_GET_ITEM(self.tables, block), name)
        return found if found is not NULL else PyTuple_GET_ITEM(self.nulls, block)

    cdef int _append(
        self, list rows, key, moment, const unsigned char* body, Py_ssize_t n_body,
        const unsigned char* item, Py_ssize_t n_item, PyObject** found
    ) except -1:
        cdef Py_ssize_t n_frame = PyBytes_GET_SIZE(self.frame), size = n_frame + n_body + n_item, i, n
        cdef bytes row
        cdef char* at
        for i in range(self.blocks):
            size += PyBytes_GET_SIZE(<object>found[i])
        row = PyBytes_FromStringAndSize(NULL, size)
        at = PyBytes_AS_STRING(row)
        memcpy(at, PyBytes_AS_STRING(self.frame), n_frame)
        memcpy(at + n_frame, body, n_body)
        memcpy(at + n_frame + n_body, item, n_item)
        at += n_frame + n_body + n_item
        for i in range(self.blocks):
            n = PyBytes_GET_SIZE(<object>found[i])
            memcpy(at, PyBytes_AS_STRING(<object>found[i]), n)
            at += n
        rows.append((key, row, moment))
        return 0
