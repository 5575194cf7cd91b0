"""What compiled modules may use of the engine's kernel."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.string cimport memcpy

cdef enum:
    MOST_MARKS = 128


cdef Py_ssize_t run_program(
    const int* ops, const unsigned char* p, Py_ssize_t at, Py_ssize_t end, Py_ssize_t* marks
) noexcept nogil


cdef class Program:
    cdef int* ops
    cdef readonly Py_ssize_t marks


cdef inline long long long_at(const unsigned char* p, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
    """The number whose Avro bytes lie between two places, at most ten bytes apart."""
    cdef unsigned long long rest = 0
    cdef Py_ssize_t at
    for at in range(end - 1, start - 1, -1):
        rest = rest << 7 | (p[at] & 127)
    return <long long>((rest >> 1) ^ (0 - (rest & 1)))


cdef inline unsigned char* put_long(unsigned char* at, long long number) noexcept nogil:
    """Write a number as Avro and Kafka have it: zigzag, seven bits a byte. The place behind it, ten bytes at most."""
    cdef unsigned long long rest = (<unsigned long long>number << 1) ^ <unsigned long long>(number >> 63)
    while rest > 127:
        at[0] = <unsigned char>(rest & 127) | 128
        rest >>= 7
        at += 1
    at[0] = <unsigned char>rest
    return at + 1


cdef inline bytes slice_of(const void* p, Py_ssize_t start, Py_ssize_t end):
    """A copy of the bytes between two places."""
    return PyBytes_FromStringAndSize(<const char*>p + start, end - start)


cdef inline char* put(char* at, const void* what, Py_ssize_t size) noexcept nogil:
    """Copy bytes to a place; the place behind them."""
    memcpy(at, what, size)
    return at + size
