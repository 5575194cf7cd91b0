"""How what is known of an order lies in memory (:mod:`~streams.orders_enriched.order`, ``registers``)."""

from libc.string cimport memcpy

cdef enum:
    SIZES = 16  # an entry's four section sizes, of four bytes each
    REGISTER = 36  # a register's head: sizes of payload and id, replaced, moment, seq, digest
    AT_MOMENT = 12
    AT_SEQ = 20  # seq and digest, 16 bytes, as a replaced revision has them
    REPLACED = 16
    REVISION = 17  # a revision's head: wide, seq, ordered_at
    PLACES = 18  # its nine places, of two bytes each


cdef inline unsigned int u16(const char* p) noexcept nogil:
    cdef unsigned short number
    memcpy(&number, p, 2)
    return number


cdef inline unsigned int u32(const char* p) noexcept nogil:
    cdef unsigned int number
    memcpy(&number, p, 4)
    return number


cdef inline long long i64(const char* p) noexcept nogil:
    cdef long long number
    memcpy(&number, p, 8)
    return number
