"""Records incidents and tells those who answer for them: from Alertmanager's notification to the mail.

What comes in (:mod:`alert`, :mod:`watchdog`, an acknowledgement) becomes an entry of the journal, which is
on disk before the sender gets its answer. The incidents (:mod:`book`) are a fold of the entries; so are the
pages that still have to go out, and a restart forgets nothing.
"""
