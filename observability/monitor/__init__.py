"""The monitor looks at the mesh from outside, so that a process that is dead or frozen is seen too.

It measures in rounds of one kind each, every kind in a thread of its own: one that is stuck hides no other.

positions   ends of all topics, newest records, how far each group has read and how long records wait
ledger      whether every record that the sink has committed landed or was parked
quality     what judging the landed rows found last
stream-quality
            what the rules on whole tables find on the topics, each folded from its beginning on
services    whether broker, registry, warehouse, Prometheus and Alertmanager answer in their own protocol
machine     disk, certificates, memory and restarts of the parts
sources     which sources are live, and how long each may be silent
"""
