"""The FIRs as pages, under the addresses of earlier installations."""

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from afirgen.errors import AfirgenError
from afirgen.web.api.firs import checked
from afirgen.web.deps import Deps
from afirgen.web.pages.shell import PageRequest, show

_SHOWN = 100


@get("/view_fir_records")
async def view_fir_records(request: PageRequest, deps: Deps) -> Template:
    """Show the newest FIRs as a page."""
    return show(request, "fir_records.html", {"records": await deps.firs.page(limit=_SHOWN, offset=0)})


@get("/view_fir/{number:str}")
async def view_fir(request: PageRequest, number: FromPath[str], deps: Deps) -> Template:
    """Show one FIR as a page; what is wrong is told on a page too."""
    try:
        record = await deps.firs.get(checked(number))
    except AfirgenError as err:
        return show(request, "error.html", {}, error=err)
    return show(request, "fir_record.html", {"record": record})


HANDLERS = (view_fir_records, view_fir)
