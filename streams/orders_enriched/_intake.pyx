# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The compiled intake of the usual fact of an order.

Whatever is not usual (a value of another writer, a repeated or contradicting fact, an amended order) is left to
the Python of :mod:`~streams.orders_enriched.intake`, which says what each step means. Tests hold the two to the
same bytes.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem, PyDict_Size
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.string cimport memcmp, memcpy

from streams.engine._kernel cimport MOST_MARKS, Program, long_at, put, run_program, slice_of
from streams.orders_enriched._layout cimport AT_SEQ, PLACES, REGISTER, REPLACED, REVISION, SIZES, i64, u32

from streams.orders_enriched.compact import STALE as PYTHON_STALE
from streams.orders_enriched.registers import DIGEST

cdef enum:
    MOST_RUNS = 32
    MOST_LINES = 64  # of the usual order, whose count has one byte
    DAY_MS = 86_400_000

cdef long long KEPT = DIGEST  # as a number of C
cdef bytes STALE = PYTHON_STALE
cdef bytes EMPTY_ENTRY = b"\0" * SIZES


cdef class Intake:
    """What all facts have in common: the frame, the envelope, the key, and the entry that they enter."""

    cdef Program program
    cdef bytes header, tag
    cdef Py_ssize_t seq, occurred_at, contents, account, order_id, moment
    cdef object entries, owed
    cdef dict plain, older, packed  # of the entries
    cdef Py_ssize_t touched
    # Of the record that was walked last:
    cdef Py_ssize_t places[MOST_MARKS]
    cdef Py_ssize_t end
    cdef long long its_seq, its_time

    def __cinit__(
        self, Program program not None, bytes header not None, bytes tag not None, dict places not None,
        entries, owed, *_more
    ):
        self.program, self.header, self.tag = program, header, tag
        self.seq, self.occurred_at, self.contents = places["seq"], places["occurred_at"], places["contents"]
        self.account, self.order_id, self.moment = places["account"], places["order_id"], places["moment"]
        self.entries, self.owed = entries, owed
        self.plain, self.older, self.packed = entries.plain, entries.older, entries.packed
        self.touched = entries.touched

    def take(self, records, list changelog not None, long long clock, bint owes):
        """Take in records until one is unusual.

        Returns that record (None when all are in), the clock after it, and the timestamp (ms) of the record
        for which the clock is owed, None when it is not. ``owes``: it is owed with the next fact.
        """
        cdef dict whole = self.owed.whole
        owed = None
        for record in records:
            if not self._enter(record[3], record[2], record[1], changelog, whole):
                return record, clock, owed
            if owes or self.its_time >= clock:
                owes, owed = False, record[1]
                clock = max(clock, self.its_time)
        return None, clock, owed

    cdef bint _enter(self, value, key, timestamp, list changelog, dict whole) except -1:
        """Take one record in; False leaves it to Python."""
        return False

    cdef bint _walk(self, value, key, timestamp) except -1:
        """Walk a value; whether it is usual, and belongs to its key and its time."""
        cdef const unsigned char* p
        cdef Py_ssize_t start, size, n_key
        if type(value) is not bytes:
            return False
        p = <const unsigned char*>PyBytes_AS_STRING(value)
        size, start = PyBytes_GET_SIZE(value), PyBytes_GET_SIZE(self.header)
        if size < start or memcmp(p, PyBytes_AS_STRING(self.header), start):
            return False
        self.end = run_program(self.program.ops, p, start, size, self.places)
        if self.end < 0:
            return False
        self.places[self.program.marks] = self.end
        self.its_seq = long_at(p, self.places[self.seq], self.places[self.seq + 1])
        self.its_time = long_at(p, self.places[self.occurred_at], self.places[self.occurred_at + 1])
        if self.its_seq < 0 or self.its_seq >> 60:
            return False
        if timestamp is None:
            return True
        if self.its_time > (<long long>timestamp + DAY_MS) * 1000 or type(key) is not bytes:
            return False
        start = self.places[self.account]
        start += 1 if p[start] < 0x80 else 2
        size = self.places[self.account + 1] - start
        n_key = PyBytes_GET_SIZE(key)
        if n_key < size or memcmp(PyBytes_AS_STRING(key), p + start, size):
            return False
        return n_key == size or PyBytes_AS_STRING(key)[size] in (64, 35)  # @ and #

    cdef bytes _entry(self, bytes order_id):
        """What is known of an order; see :meth:`streams.orders_enriched.compact.CompactDict.get`."""
        cdef PyObject* found = PyDict_GetItem(self.plain, order_id)
        if found is NULL:
            found = PyDict_GetItem(self.older, order_id)
        if found is not NULL:
            return <bytes>found
        found = PyDict_GetItem(self.packed, order_id)
        return EMPTY_ENTRY if found is NULL else <bytes>self.entries.unpacked(<object>found)

    cdef int _know(self, bytes order_id, bytes entry) except -1:
        """See :meth:`streams.orders_enriched.compact.CompactDict.__setitem__`."""
        self.plain[order_id] = entry
        self.packed[order_id] = STALE
        if PyDict_Size(self.plain) > self.touched:
            self.entries.settle()
        return 0

    cdef int _log(self, list changelog, value, bytes order_id, bytes identity) except -1:
        """Add the fact to the changelog, under tag, order, identity and ``seq``."""
        cdef const unsigned char* p = <const unsigned char*>PyBytes_AS_STRING(value)
        cdef bytes seq = slice_of(p, self.places[self.seq], self.places[self.seq + 1])
        changelog.append((self.tag + order_id + identity + seq, value))
        return 0


cdef class PartIntake(Intake):
    """Payments, fulfilments and returns: registers in a section of their order's entry.

    ``identity`` are the fields that identify one; ``runs`` what its payload is made of, as in a block: bytes,
    first field, field behind the last. ``by_line``: only the row of the line is owed, by its raw number.
    """

    cdef int section
    cdef bint by_line
    cdef Py_ssize_t first  # field of the identity
    cdef tuple others, befores
    cdef Py_ssize_t n_runs
    cdef Py_ssize_t firsts[MOST_RUNS]
    cdef Py_ssize_t lasts[MOST_RUNS]

    def __cinit__(
        self, program, header, tag, places, entries, owed, int section, tuple identity not None,
        tuple runs not None, bint by_line
    ):
        if len(runs) > MOST_RUNS:
            raise ValueError("too many runs")
        self.section, self.by_line = section, by_line
        self.first, self.others = identity[0], identity[1:]
        self.befores = tuple(before for before, _, _ in runs)
        self.n_runs = len(runs)
        for i, (_, first, last) in enumerate(runs):
            self.firsts[i], self.lasts[i] = first, last

    cdef bint _enter(self, value, key, timestamp, list changelog, dict whole) except -1:
        cdef const unsigned char* p
        cdef Py_ssize_t place, start, end
        cdef bytes identity, known
        if not self._walk(value, key, timestamp) or self.end != PyBytes_GET_SIZE(value):
            return False
        p = <const unsigned char*>PyBytes_AS_STRING(value)
        start, end = self.places[self.order_id], self.places[self.order_id + 1]
        cdef bytes order_id = slice_of(p, start, end)
        place = self.first
        identity = slice_of(p, self.places[place], self.places[place + 1])
        for place in self.others:
            identity += slice_of(p, self.places[place], self.places[place + 1])
        digest = hash(slice_of(p, self.places[self.contents], self.end)) & KEPT
        known = self._with_register(self._entry(order_id), p, identity, digest)
        if known is None:
            return False
        self._know(order_id, known)
        if timestamp is not None:
            self._log(changelog, value, order_id, identity)
            if self.by_line:
                place = self.first
                self.owed.line(order_id, slice_of(p, self.places[place], self.places[place + 1]), timestamp)
            else:
                whole[order_id] = timestamp
        return True

    cdef Py_ssize_t _payload_size(self):
        cdef Py_ssize_t size = 0, i
        for i in range(self.n_runs):
            size += PyBytes_GET_SIZE(<object>PyTuple_GET_ITEM(self.befores, i))
            size += self.places[self.lasts[i]] - self.places[self.firsts[i]]
        return size

    cdef char* _put_payload(self, char* at, const unsigned char* p):
        cdef Py_ssize_t i, first
        cdef PyObject* before
        for i in range(self.n_runs):
            before = PyTuple_GET_ITEM(self.befores, i)
            at = put(at, PyBytes_AS_STRING(<object>before), PyBytes_GET_SIZE(<object>before))
            first = self.places[self.firsts[i]]
            at = put(at, p + first, self.places[self.lasts[i]] - first)
        return at

    cdef bytes _with_register(self, bytes entry, const unsigned char* fact, bytes identity, long long digest):
        """The entry with the fact in it; None when it is known, or contradicts what is."""
        cdef const char* p = PyBytes_AS_STRING(entry)
        cdef Py_ssize_t n_identity = PyBytes_GET_SIZE(identity), start = SIZES, end, i, at, after, last = 0
        cdef unsigned int replaced = 0, n
        cdef long long known_seq
        cdef bint found = False, newer = True
        for i in range(self.section):
            start += u32(p + 4 * i)
        end = start + u32(p + 4 * self.section)
        at = start
        while at < end:
            after = at + REGISTER + u32(p + at)
            replaced = u32(p + at + 8)
            last = after + replaced * REPLACED
            if u32(p + at + 4) == n_identity and not memcmp(p + at + REGISTER + 1, PyBytes_AS_STRING(identity), n_identity):
                known_seq = i64(p + at + AT_SEQ)
                if known_seq == self.its_seq:
                    return None
                for n in range(replaced):
                    if i64(p + after + n * REPLACED) == self.its_seq:
                        return None
                found, newer = True, self.its_seq > known_seq
                break
            at = last
        # What stays of the register: the revisions before, and all of it where the fact is an older one.
        cdef Py_ssize_t stays = (last - after if newer else last - at) if found else 0
        cdef Py_ssize_t size = stays + (REPLACED if found else 0)
        cdef Py_ssize_t n_payload = self._payload_size() if newer else 0
        if newer:
            size += REGISTER + n_payload
        if not found:
            last, replaced = at, 0
        else:
            replaced += 1
        cdef unsigned int section = (at - start) + size + (end - last)
        cdef bytes known = PyBytes_FromStringAndSize(NULL, start + section + (PyBytes_GET_SIZE(entry) - end))
        cdef char* out = PyBytes_AS_STRING(known)
        cdef unsigned int head[3]
        cdef long long stamp[3]
        stamp[0] = long_at(fact, self.places[self.moment], self.places[self.moment + 1])
        stamp[1], stamp[2] = self.its_seq, digest
        memcpy(out, p, at)
        memcpy(out + 4 * self.section, &section, 4)
        out += at
        if newer:
            head[0], head[1], head[2] = <unsigned int>n_payload, <unsigned int>n_identity, replaced
            out = put(out, head, sizeof(head))
            out = put(out, stamp, sizeof(stamp))
            out = self._put_payload(out, fact)
            if found:
                out = put(out, p + after, stays)
                out = put(out, p + at + AT_SEQ, REPLACED)  # seq and digest of the revision that it replaces
        else:
            memcpy(put(out, p + at, stays) - stays + 8, &replaced, 4)
            out = put(out + stays, stamp + 1, REPLACED)
        put(out, p + last, PyBytes_GET_SIZE(entry) - last)
        return known


cdef class OrderIntake(Intake):
    """First revisions of orders. ``item`` marks number and product of a line; ``ids`` are the places of
    location, territory and employee; ``indexes`` those by account, product, location and employee."""

    cdef Program item
    cdef Py_ssize_t ids[3]
    cdef dict by_account, by_product, by_location, by_employee

    def __cinit__(
        self, program, header, tag, places, entries, owed, Program item not None, tuple ids not None,
        tuple indexes not None
    ):
        self.item = item
        for i in range(3):
            self.ids[i] = ids[i]
        self.by_account, self.by_product, self.by_location, self.by_employee = indexes

    cdef bint _enter(self, value, key, timestamp, list changelog, dict whole) except -1:
        cdef const unsigned char* p
        cdef const char* known
        cdef Py_ssize_t start, size, i, lines, n_products
        cdef Py_ssize_t* places = self.places
        cdef Py_ssize_t products[2 * MOST_LINES]
        if not self._walk(value, key, timestamp):
            return False
        p = <const unsigned char*>PyBytes_AS_STRING(value)
        lines, start, size = self.end, places[self.contents], PyBytes_GET_SIZE(value)
        if size - start >= 1 << 16:
            return False
        n_products = self._products(p, lines, size, products)
        if n_products < 0:
            return False
        cdef bytes order_id = slice_of(p, places[self.order_id], places[self.order_id + 1])
        cdef bytes entry = self._entry(order_id)
        known = PyBytes_AS_STRING(entry)
        if u32(known):
            return False
        cdef unsigned int n_revision = REVISION + PLACES + (size - start)
        cdef bytes after = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(entry) + n_revision)
        cdef char* out = PyBytes_AS_STRING(after)
        cdef long long moment = long_at(p, places[self.moment], places[self.moment + 1])
        cdef unsigned short at[9]
        at[0], at[1] = places[self.account] - start, places[self.account + 1] - start
        for i in range(3):
            at[2 + 2 * i] = places[self.ids[i]] - start
            at[3 + 2 * i] = places[self.ids[i] + 1] - start
        at[8] = lines - start
        out = put(out, &n_revision, 4)
        out = put(out, known + 4, SIZES - 4)
        out[0] = 0  # not wide
        out = put(out + 1, &self.its_seq, 8)
        out = put(out, &moment, 8)
        out = put(out, at, sizeof(at))
        out = put(out, p + start, size - start)
        put(out, known + SIZES, PyBytes_GET_SIZE(entry) - SIZES)
        self._know(order_id, after)
        self._index(self.by_account, slice_of(p, places[self.account], places[self.account + 1]), order_id)
        for i in range(n_products):
            self._index(self.by_product, slice_of(p, products[2 * i], products[2 * i + 1]), order_id)
        cdef bytes location = slice_of(p, places[self.ids[0]] + 1, places[self.ids[0] + 1])
        cdef bytes territory = slice_of(p, places[self.ids[1]] + 1, places[self.ids[1] + 1])
        cdef bytes employee = slice_of(p, places[self.ids[2]] + 1, places[self.ids[2] + 1])
        if location:
            self._index(self.by_location, location, order_id)
        if territory and territory != location:
            self._index(self.by_location, territory, order_id)
        if employee:
            self._index(self.by_employee, employee, order_id)
        if timestamp is not None:
            self._log(changelog, value, order_id, b"")
            whole[order_id] = timestamp
        return True

    cdef Py_ssize_t _products(self, const unsigned char* p, Py_ssize_t at, Py_ssize_t end, Py_ssize_t* products):
        """Where the ids of the lines' products begin and end, each id once; how many, or -1 for unusual lines.

        The lines must end where the value does.
        """
        cdef Py_ssize_t marks[MOST_MARKS]
        cdef Py_ssize_t count, i, size, known = 0
        if at >= end or p[at] > 0x7f or p[at] & 1:
            return -1
        count = p[at] >> 1
        at += 1
        if not count:
            return 0 if at == end else -1
        while count:
            at = run_program(self.item.ops, p, at, end, marks)
            if at < 0:
                return -1
            size = marks[3] - marks[2]
            for i in range(known):
                if products[2 * i + 1] - products[2 * i] == size and not memcmp(p + products[2 * i], p + marks[2], size):
                    break
            else:
                products[2 * known], products[2 * known + 1] = marks[2], marks[3]
                known += 1
            count -= 1
        return known if at + 1 == end and not p[at] else -1

    cdef int _index(self, dict index, bytes member, bytes order_id) except -1:
        """As :meth:`streams.orders_enriched.state.Index.add`."""
        cdef PyObject* found = PyDict_GetItem(index, member)
        if found is NULL:
            index[member] = order_id
        elif type(<object>found) is list:
            (<list>found).append(order_id)
        else:
            index[member] = [<object>found, order_id]
        return 0


def recover(entries, list intakes not None, long long clock):
    """Take in entries (key, value) of the changelog, whose keys begin with the tag of their intake.

    ``intakes`` has one, or None, for each of the 256 tags. Returns the clock after them, and the entries that
    are unusual.
    """
    cdef list unusual = []
    cdef object intake
    cdef bytes key
    for entry in entries:
        key = entry[0]
        intake = intakes[<unsigned char>PyBytes_AS_STRING(key)[0]]
        if intake is not None and (<Intake>intake)._enter(entry[1], None, None, None, None):
            clock = max(clock, (<Intake>intake).its_time)
        else:
            unusual.append(entry)
    return clock, unusual
