"""What the FIR table holds of a form."""

from collections.abc import Callable

import msgspec

from afirgen.case.fir import FirDocument
from afirgen.store.firs import FirText


def fir_text(document: FirDocument, render: Callable[[FirDocument], str]) -> FirText:
    """Return a form as the FIR table holds it, its text as ``render`` gives it."""
    return FirText(
        number=document.fir_number or "",
        complaint=document.statement.text,
        content=render(document),
        violations=msgspec.json.encode(document.sections).decode(),
    )
