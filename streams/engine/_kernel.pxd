"""What compiled modules beside the engine may use of its kernel."""

cdef Py_ssize_t run_program(
    const int* ops, const unsigned char* p, Py_ssize_t at, Py_ssize_t end, Py_ssize_t* marks
) noexcept nogil


cdef class Program:
    cdef int* ops
    cdef readonly Py_ssize_t marks
