"""Drills: a fault on the running mesh, and the proof that the right people are paged, and how soon.

An alert that nobody has seen fire is a guess. A drill breaks one thing for real (:mod:`mesh.drills.faults`),
waits until the pager has told the receiver whom the contract names, heals, and waits for the resolution
(:mod:`mesh.drills.holding`). Every alert names the drill that proves it; one without is a fault of its own.
"""
