"""The limits of alerts that no contract promises, each with its reason. Times are in seconds.

What a contract promises (freshness, the silence of a source, rejected records) stands there.
A page must arrive within a minute of its fault, on a mesh whose monitor, scrape and evaluation each take five
seconds: what waits longer than half a minute here is a fault of this module.
"""

from __future__ import annotations

DEAD_LETTERS = 20
"""Rejected records a minute, where the contract says nothing: a publisher gone wrong sends more at once."""
BLIND = 20
"""Age of the monitor's last round from which its numbers no longer hold: four rounds were missed."""
DOWN = 15
"""How long a process may be away: a restart takes up to ten seconds, and a scrape may just have missed it.
Less than what follows from its absence needs to fire, so that the cause is told first."""
BLIND_FOR = 30
"""Age of the monitor's last round of a kind, while every service answers, from which it is stuck."""
SERVICE_DOWN = 10
"""How long a service may not answer: two rounds of the monitor, so that one lost answer is no alarm."""
AFTERMATH = 30
"""How long a cause goes on firing after it ended, so that what still follows from it is not told as new."""
STILL = 30
"""How long a stream may take nothing although records wait: it may be restarted and recover its state."""
STILL_FOR = 10
"""How long that must hold: two evaluations, in case a commit is late."""
SINK_BEHIND = 20
"""How long a record may wait for the sink, which takes half a second, when the sink is not catching up."""
CATCHING_UP = 20
"""Over how long it is judged whether the sink catches up."""
STEADY = 5
"""How long a measured limit must be passed: two evaluations, so that one odd sample is no alarm."""
DRIFT_FOR = 15
"""How long a ledger may not add up: the monitor reads Kafka and the warehouse one after the other."""
CERTIFICATE_DAYS = 14
"""Days before its end at which a certificate is to be renewed: time for a person on holiday to come back."""
