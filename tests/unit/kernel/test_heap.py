"""What is freed is kept, where the C library can."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys

from mesh.kernel.heap import keep_freed

FAULTS = """
import resource, sys
from mesh.kernel.heap import keep_freed
if sys.argv[1] == "keep":
    keep_freed()
def batch():
    return [bytearray(b"x") * (4 << 20) for _ in range(8)]
batch(), batch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    batch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(word: str) -> int:
    """Pages that a process of its own faults in, for ten times eight pieces of four megabytes."""
    ended = subprocess.run([sys.executable, "-c", FAULTS, word], capture_output=True, text=True, check=True)
    return int(ended.stdout)


def test_pieces_use_the_pages_of_those_before_again() -> None:
    """With glibc; another C library is left as it is."""
    kept = keep_freed()
    assert kept == (platform.libc_ver()[0] == "glibc")
    pages = 8 * (4 << 20) // resource.getpagesize()
    assert faults("keep") < pages or not kept
    assert faults("leave") > 5 * pages or not kept
