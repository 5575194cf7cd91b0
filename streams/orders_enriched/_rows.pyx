# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The compiled rows of the usual order; :mod:`~streams.orders_enriched.splice` says what each step means.

Amended orders, and any number that does not fit, are left to it. Tests hold the two to the same bytes.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_GET_SIZE
from cpython.object cimport PyObject
from libc.string cimport memcmp

from streams.engine._kernel cimport MOST_MARKS, Program, long_at, put, put_long, run_program, slice_of
from streams.orders_enriched._layout cimport (
    AT_MOMENT, AT_SEQ, PLACES, REGISTER, REPLACED, REVISION, SIZES, i64, u16, u32
)

cdef enum:
    MICROS = 1_000_000
    FX_SCALE = 100_000_000
    MOST_RETURNS = 16  # of an order, and the number of any of its parts' bytes, that are summed up here
    MOST_BYTES = 7

cdef long long EPOCH = 1 << 33
cdef long long ONE = 1


cdef inline long long _seconds(long long micros) noexcept nogil:
    """Whole seconds, rounded down."""
    return micros // MICROS if micros >= 0 else -((-micros + MICROS - 1) // MICROS)


cdef inline unsigned long long _add(unsigned long long a, unsigned long long b) noexcept nogil:
    """The sum, or the greatest number where it would exceed 64 bits."""
    cdef unsigned long long total = a + b
    return total if total >= a else 0xFFFFFFFFFFFFFFFF


cdef tuple _choice(PyObject* versions, moment, tuple absent):
    """The entry of a member that holds at a moment; usually it has one version."""
    if versions is NULL:
        return absent
    cdef list starts = (<object>versions).starts, entries = (<object>versions).entries
    if PyList_GET_SIZE(starts) == 1:
        return <tuple>entries[0] if moment < starts[0] else <tuple>entries[1]
    return <tuple>(<object>versions).choice(moment)


cdef struct Return:
    Py_ssize_t line, line_end  # where its line's number is
    long long quantity, amount, moment, seq


cdef inline Py_ssize_t _behind(const unsigned char* p, Py_ssize_t at, Py_ssize_t end) noexcept nogil:
    """The place behind a number; behind ``end`` for one of many bytes."""
    cdef Py_ssize_t start = at
    while at < end and p[at] > 127:
        at += 1
    return at + 1 if at - start < MOST_BYTES else end + 1


cdef inline Py_ssize_t _text(const unsigned char* p, Py_ssize_t* at, Py_ssize_t end) noexcept nogil:
    """Where a text's or a decimal's own bytes begin; ``at`` moves behind them. -1 where they end too late."""
    cdef Py_ssize_t start = _behind(p, at[0], end), size
    if start > end:
        return -1
    size = long_at(p, at[0], start)
    if size < 0 or size > end - start:
        return -1
    at[0] = start + size
    return start


cdef inline long long _unscaled(const unsigned char* p, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
    """The number that a decimal of at most seven bytes is."""
    cdef long long number = -1 if start < end and p[start] > 127 else 0
    for start in range(start, end):
        number = number << 8 | p[start]
    return number


cdef bint _returns(const char* e, Py_ssize_t at, Py_ssize_t end, Return* found, Py_ssize_t* count) except -1:
    """Take apart the registers of an order's returns; False where one is unusual."""
    cdef const unsigned char* p = <const unsigned char*>e
    cdef Py_ssize_t last, quantity, amount, amount_end, rate
    cdef long long fx
    count[0] = 0
    while at < end:
        if count[0] == MOST_RETURNS:
            return False
        last = at + REGISTER + u32(e + at)
        one = &found[count[0]]
        one.moment, one.seq = i64(e + at + AT_MOMENT), i64(e + at + AT_SEQ)
        one.line = at + REGISTER + 1
        one.line_end = quantity = _behind(p, one.line, last)
        if quantity > last or _text(p, &quantity, last) < 0:  # the id, behind the number of the line
            return False
        amount_end = _behind(p, quantity, last)
        if amount_end > last:
            return False
        one.quantity = long_at(p, quantity, amount_end)
        amount = _text(p, &amount_end, last)
        rate = amount_end
        if amount < 0 or amount_end - amount > MOST_BYTES:
            return False
        fx = _text(p, &rate, last)
        if fx < 0 or rate != last or last - fx > MOST_BYTES:
            return False
        one.amount, fx = _unscaled(p, amount, amount_end), _unscaled(p, fx, last)
        if fx != FX_SCALE:
            return False  # the product would need more than 64 bits
        at = last + u32(e + at + 8) * REPLACED
        count[0] += 1
    return True


cdef dict _by_line(const char* e, Py_ssize_t at, Py_ssize_t end):
    """The returns of an order by line; None where one is unusual."""
    cdef Return found[MOST_RETURNS]
    cdef Return* other
    cdef Py_ssize_t count, i, k, size, taken
    cdef long long quantity, amount, newest
    cdef unsigned long long registers
    cdef dict lines = {}
    cdef unsigned char text[64]
    cdef unsigned char* out
    if not _returns(e, at, end, found, &count):
        return None
    for i in range(count):
        number = slice_of(e, found[i].line, found[i].line_end)
        if number in lines:
            continue
        quantity = amount = newest = taken = registers = 0
        for k in range(i, count):
            other = &found[k]
            size = other.line_end - other.line
            if size != PyBytes_GET_SIZE(number) or memcmp(e + other.line, PyBytes_AS_STRING(number), size):
                continue
            registers = _add(registers, <unsigned long long>other.seq + 1)
            if other.quantity:
                quantity += other.quantity
                amount += other.amount
            if other.quantity > 0:
                newest = other.moment if not taken else max(newest, other.moment)
                taken += 1
        out = put_long(put_long(text, quantity), taken)
        size = 1  # of as many bytes as hold it, and its sign
        while size < 8 and not -(ONE << (8 * size - 1)) < amount < (ONE << (8 * size - 1)):
            size += 1
        out = put_long(out, size)
        for k in range(size):
            out[k] = <unsigned char>(amount >> (8 * (size - 1 - k)))
        out += size
        out[0] = 2 if taken else 0
        out = put_long(out + 1, newest) if taken else out + 1
        lines[number] = slice_of(text, 0, out - text), registers
    return lines


def by_line(bytes packed not None):
    """See :func:`streams.orders_enriched.returns.by_line`; None where it is left to that."""
    return _by_line(PyBytes_AS_STRING(packed), 0, PyBytes_GET_SIZE(packed))


cdef class Rows:
    """Rows of orders that were not amended; see :meth:`streams.orders_enriched.splice.Splice.rows`.

    ``members`` and ``nulls`` are of product, location, territory and employee; then there are the nulls of
    customer, payment and fulfilment. ``by_line`` sums up unusual returns, ``greatest`` and ``as_of`` choose among
    several registers.
    """

    cdef Program item
    cdef bytes frame, live, null_customer, null_payment, null_fulfilment
    cdef dict products, locations, territories, employees
    cdef tuple no_product, no_location, no_territory, no_employee
    cdef object customers, by_line, greatest, as_of, no_returns

    def __cinit__(
        self, Program item not None, bytes frame not None, bytes live not None, tuple members not None,
        tuple nulls not None, customers, by_line, greatest, as_of, no_returns
    ):
        self.item, self.frame, self.live = item, frame, live
        self.products, self.locations, self.territories, self.employees = members
        self.no_product, self.no_location, self.no_territory, self.no_employee = [
            (null, 0, 0) for null in nulls[:4]
        ]
        self.null_customer, self.null_payment, self.null_fulfilment = nulls[4:]
        self.customers, self.by_line, self.greatest, self.as_of = customers, by_line, greatest, as_of
        self.no_returns = no_returns

    def add(self, bytes entry not None, timestamp, only, list rows not None):
        """Append an order's rows, or those of the lines ``only``; False, with none appended, if it is unusual."""
        cdef const char* e = PyBytes_AS_STRING(entry)
        cdef Py_ssize_t payments = SIZES + u32(e), fulfilments = payments + u32(e + 4)
        cdef Py_ssize_t returned = fulfilments + u32(e + 8), end = returned + u32(e + 12)
        cdef const char* revision = e + SIZES
        if revision[0]:
            return False  # places of four bytes
        cdef long long seq = i64(revision + 1), ordered_at = i64(revision + 9)
        cdef const char* places = revision + REVISION
        cdef const char* contents = places + PLACES
        cdef Py_ssize_t n_contents = payments - SIZES - REVISION - PLACES, lines = u16(places + 16), at
        moment = ordered_at
        cdef tuple location = self._member(self.locations, self.no_location, contents, places, 1, moment)
        cdef tuple territory = self._member(self.territories, self.no_territory, contents, places, 2, moment)
        cdef tuple employee = self._member(self.employees, self.no_employee, contents, places, 3, moment)
        cdef bytes account = slice_of(contents, u16(places), u16(places + 2))
        cdef tuple customer = self._customer(account, ordered_at)
        cdef tuple payment = self._greatest(entry, payments, fulfilments, self.null_payment)
        cdef tuple fulfilment = self._greatest(entry, fulfilments, returned, self.null_fulfilment)
        cdef dict tails = None
        if returned != end:
            tails = _by_line(e, returned, end)
            if tails is None:
                tails = self.by_line(slice_of(e, returned, end))
        cdef unsigned long long registers, clocks, seqs
        try:
            registers = _add(_add(1, payment[1]), fulfilment[1])
            clocks = _add(_add(location[1], territory[1]), _add(employee[1], customer[1]))
            seqs = _add(_add(location[2], territory[2]), _add(employee[2], customer[2]))
        except OverflowError:
            return False
        cdef bytes rest = b"".join((location[0], territory[0], employee[0], customer[0], payment[0], fulfilment[0]))
        at = 1 if <unsigned char>account[0] < 128 else 2
        return self._lines(
            <const unsigned char*>contents, lines, n_contents, account[at:], rest, tails,
            seq, registers, clocks, seqs, moment, timestamp, only, rows
        )

    cdef tuple _member(self, dict members, tuple absent, const char* contents, const char* places, int which, moment):
        cdef Py_ssize_t start = u16(places + 4 * which) + 1, end = u16(places + 4 * which + 2)
        if start >= end:
            return _choice(PyDict_GetItem(members, b""), moment, absent)
        return _choice(PyDict_GetItem(members, slice_of(contents, start, end)), moment, absent)

    cdef tuple _customer(self, bytes account, long long moment):
        cdef PyObject* found = PyDict_GetItem(self.customers.plain, account)
        versions = <object>found if found is not NULL else self.customers.get(account)
        if versions is None:
            return self.null_customer, 0, 0
        cdef bytes packed = <bytes>versions
        cdef const char* p = PyBytes_AS_STRING(packed)
        cdef Py_ssize_t size = u32(p)
        cdef long long valid_from, clock
        if REGISTER + size + u32(p + 8) * REPLACED == PyBytes_GET_SIZE(packed):
            valid_from = i64(p + AT_MOMENT)
            holds = valid_from <= moment
            seq = i64(p + AT_SEQ)
            fragment = slice_of(p, REGISTER, REGISTER + size)
        else:
            (valid_from, seq, fragment), holds = self.as_of(packed, moment)
        clock = EPOCH + _seconds(valid_from) if holds else EPOCH - _seconds(valid_from)
        return fragment, max(clock, 0), seq + 1

    cdef tuple _greatest(self, bytes entry, Py_ssize_t start, Py_ssize_t end, bytes absent):
        cdef const char* p = PyBytes_AS_STRING(entry) + start
        if start == end:
            return absent, 0
        if start + REGISTER + u32(p) + u32(p + 8) * REPLACED == end:
            return slice_of(p, REGISTER, REGISTER + u32(p)), i64(p + AT_SEQ) + 1
        return self.greatest(slice_of(p, 0, end - start))

    cdef bint _lines(
        self, const unsigned char* p, Py_ssize_t at, Py_ssize_t end, bytes key, bytes rest, dict tails,
        unsigned long long seq, unsigned long long registers, unsigned long long clocks,
        unsigned long long seqs, moment, timestamp, only, list rows
    ) except -1:
        cdef Py_ssize_t marks[MOST_MARKS]
        cdef unsigned long long stamp[4]
        cdef Py_ssize_t known = PyList_GET_SIZE(rows), head = at, count, after
        cdef Py_ssize_t n_frame = PyBytes_GET_SIZE(self.frame), n_rest = PyBytes_GET_SIZE(rest)
        cdef Py_ssize_t n_live = PyBytes_GET_SIZE(self.live)
        cdef tuple product
        cdef bytes fragment, returned, row
        cdef char* out
        if p[at] > 0x7f or p[at] & 1:
            return False
        count = p[at] >> 1
        at += 1
        while count:
            after = run_program(self.item.ops, p, at, end, marks)
            if after < 0:
                del rows[known:]
                return False
            count -= 1
            number = None if tails is None and only is None else slice_of(p, marks[0], marks[1])
            if only is not None and number not in only:
                at = after
                continue
            product = _choice(PyDict_GetItem(self.products, slice_of(p, marks[2], marks[3])), moment, self.no_product)
            tail = self.no_returns if tails is None else tails.get(number, self.no_returns)
            try:
                stamp[0] = _add(seqs, product[2])
                stamp[1] = _add(clocks, product[1])
                stamp[2] = _add(registers, tail[1])
            except OverflowError:
                del rows[known:]
                return False
            stamp[3] = seq
            fragment, returned = <bytes>product[0], <bytes>tail[0]
            row = PyBytes_FromStringAndSize(
                NULL,
                n_frame + head + (after - at) + PyBytes_GET_SIZE(fragment) + n_rest + PyBytes_GET_SIZE(returned)
                + <Py_ssize_t>sizeof(stamp) + n_live,
            )
            out = put(PyBytes_AS_STRING(row), PyBytes_AS_STRING(self.frame), n_frame)
            out = put(out, p, head)
            out = put(out, p + at, after - at)
            out = put(out, PyBytes_AS_STRING(fragment), PyBytes_GET_SIZE(fragment))
            out = put(out, PyBytes_AS_STRING(rest), n_rest)
            out = put(out, PyBytes_AS_STRING(returned), PyBytes_GET_SIZE(returned))
            out = put(out, stamp, sizeof(stamp))  # little-endian, as every machine is that this was built for
            put(out, PyBytes_AS_STRING(self.live), n_live)
            rows.append((key, row, timestamp))
            at = after
        return True
