"""Who the station is, as it was set up."""

from typing import Annotated

from litestar import get
from msgspec import Meta, Struct

from afirgen.web.api.v1.describe import refusals
from afirgen.web.deps import Deps


class StationShown(Struct, frozen=True, kw_only=True):
    """The station; what was not set up is null or empty."""

    name: Annotated[str | None, Meta(description="Its register numbers the FIRs.", examples=["Vijay Nagar"])]
    district: Annotated[str | None, Meta(examples=["Indore"])]
    state: Annotated[str | None, Meta(examples=["Madhya Pradesh"])]
    beats: Annotated[tuple[str, ...], Meta(description="For item 5(a) of the form.", examples=[["Beat 1", "Beat 2"]])]
    language: Annotated[
        str | None, Meta(description="In which complaints are taken to be until another is chosen.", examples=["hi"])
    ]


@get("/api/v1/station", tags=["Station"], responses=refusals())
async def station(deps: Deps) -> StationShown:
    """Tell who the station is."""
    own = deps.settings.station
    return StationShown(name=own.name, district=own.district, state=own.state, beats=own.beats, language=own.language)


HANDLERS = (station,)
