"""A case with everything that is kept of it, and its form as it is printed now, as one archive."""

import asyncio

import msgspec

from afirgen.case.audit import Actor
from afirgen.case.fir import FirDocument
from afirgen.case.session import Step
from afirgen.render.documents import make_document
from afirgen.render.form import Print
from afirgen.render.wording import Forms
from afirgen.store.cases import CaseStore
from afirgen.store.database import Database
from afirgen.store.export import export_case
from afirgen.store.firs import FirStore
from afirgen.store.originals import Originals


async def archive_case(database: Database, originals: Originals, forms: Forms, case: str, by: Actor) -> bytes:
    """Return a case as a zip; see :func:`export_case`. Its newest form is in it as text and PDF.

    Raises:
        NotFoundError: There is no such case.
        StorageError: The database or the original could not be read.
    """
    newest = (await CaseStore(database).newest(case)).get(Step.FINAL)
    documents = {}
    if newest:
        form = msgspec.json.decode(newest.content, type=FirDocument)
        number = form.fir_number or ""
        registered = await FirStore(database).finalized([number])
        print_ = Print(registered=number in registered, entry=registered.get(number))
        documents = await asyncio.to_thread(_documents, form, print_, forms)
    return await export_case(database, originals, case, by, documents)


def _documents(form: FirDocument, print_: Print, forms: Forms) -> dict[str, bytes]:
    return {f"fir/fir.{ending}": make_document(form, print_, ending, forms) for ending in ("txt", "pdf")}
