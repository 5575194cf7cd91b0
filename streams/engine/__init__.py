"""A batch engine on Faust: its model (agents, groups, rebalance) at the speed of batches; see ``README.md``.

An application is data (:class:`~streams.engine.fold.Application`): topics, and a pure fold of one partition.

    class Count:
        def __init__(self, partition, shared): self.counts, self.owed = Counter(), {}
        def fold(self, topic, records):            # a batch; yields what cannot be folded
            for offset, moment, key, value, headers in records:
                self.counts[key] += 1
                self.owed[key] = moment
            return iter(())
        def take(self, limit):                     # rows and changelog entries that are owed
            rows = [(key, b"%d" % self.counts[key], moment) for key, moment in self.owed.items()]
            self.owed = {}
            return Emission([Output("counts", rows)], [row[:2] for row in rows]) if rows else None
        def correct(self, changes): ...            # rows that changed broadcast knowledge touches are owed
        def recover(self, entries):                # the changelog, in batches
            for key, value in entries:
                self.counts[key] = int(value)

    count = Application("count", ("words",), (), "counts", shared=Nothing(), fold=Count, outputs=("counts",))
    run(assemble([count], Options("127.0.0.1:9092", Path("state"))))

Going with the data: ``transport`` (batches from Faust), ``processor`` (folds, has written, acknowledges;
recovery), ``stage`` (an application's folds by partition), ``emission`` and ``writer`` (rows, changelog and
dead letters out), ``broadcast`` and ``corrections`` (topics that every worker reads whole), ``changelog`` and
``marks`` (state, and how far it is corrected, read back), ``preflight`` (all is there, or a clear error) and
``failstop`` (the process ends rather than lose or spoil a record). ``avro`` reads and joins records without
decoding them; ``enrich`` is an application on it. A project fills in ``options``, ``meter``, ``parking`` and
``holding``.
"""
