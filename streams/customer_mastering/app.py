"""The application ``mesh.customer-mastering``."""

from __future__ import annotations

from collections.abc import Mapping

from domains.customer.events import AccountLinked, CustomerMastered, CustomerRecorded
from mesh.kernel import names
from schemas.codec import Codec, Codecs
from streams.customer_mastering.fold import Mastering, MasteringFold
from streams.engine.fold import Application, Nothing, Shared

RECORDS = "customer.raw.customer-record.v1"
CUSTOMER = "customer.public.customer.v1"
CROSSWALK = "customer.public.crosswalk.v1"


def application(ids: Mapping[str, int], codecs: Codecs) -> Application:
    """Mastering, ready to run.

    ``ids`` are the schema ids by topic, ``codecs`` reads what the code of another version wrote.
    """
    mastering = Mastering(
        codecs,
        Codec(CustomerRecorded, ids[RECORDS]),
        Codec(CustomerMastered, ids[CUSTOMER]),
        Codec(AccountLinked, ids[CROSSWALK]),
        (CUSTOMER, CROSSWALK),
    )

    def fold(partition: int, shared: Shared) -> MasteringFold:
        return MasteringFold(mastering, partition)

    return Application(
        name=names.CUSTOMER_MASTERING,
        inputs=(RECORDS,),
        broadcast=(),
        store=None,
        shared=Nothing(),
        fold=fold,
        outputs=(CUSTOMER, CROSSWALK),
        rewritten=lambda: {RECORDS: mastering.rewritten},
    )
