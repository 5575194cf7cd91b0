"""The application ``mesh.customer-mastering``."""

from __future__ import annotations

from domains.customer.events import AccountLinked, CustomerMastered, CustomerRecorded
from mesh.kernel import names
from mesh.kernel.settings import Settings
from schemas.codec import Codec, Codecs
from schemas.registry import Registry
from streams.customer_mastering.fold import Mastering, MasteringFold, Nothing
from streams.fold import Application, Shared

RECORDS = "customer.raw.customer-record.v1"
CUSTOMER = "customer.public.customer.v1"
CROSSWALK = "customer.public.crosswalk.v1"
STORES: tuple[str, ...] = ()
PATIENCE = 2.0
"""Seconds to wait for the registry while the event loop is held; the runtime then tries again."""


def application(settings: Settings, ids: dict[str, int]) -> Application:
    """Mastering with these schema ids by topic."""
    mastering = Mastering(
        Codecs(Registry(settings.registry, patience=PATIENCE)),
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
    )
