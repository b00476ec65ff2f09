"""The models in use, and switching one while the program runs."""

from typing import Annotated

from litestar import get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from afirgen.inference.engine import EngineStatus
from afirgen.web.acts import switch_model
from afirgen.web.api.v1.describe import refusals
from afirgen.web.deps import By, Deps

_TAGS = ["Models"]


class ModelChoice(Struct, frozen=True, kw_only=True):
    """The model to use."""

    model: Annotated[str, Meta(description="Its id in the manifest of models.", max_length=200)]


class ModelList(Struct, frozen=True, kw_only=True):
    """The models in use, with their state and how many requests wait at each."""

    models: list[EngineStatus]


class ModelSwitched(Struct, frozen=True, kw_only=True):
    """The model that is used from now on."""

    model: EngineStatus


@get("/api/v1/models", tags=_TAGS, responses=refusals())
async def models(deps: Deps) -> ModelList:
    """List the models in use."""
    return ModelList(models=list(deps.models.statuses()))


@post("/api/v1/models/{role:str}", tags=_TAGS, status_code=200, responses=refusals(403, 404, 503))
async def use_model(
    role: Annotated[str, PathParameter(description="llm, speech, ocr or embedding.", max_length=50)],
    data: JSONBody[ModelChoice],
    deps: Deps,
    by: By,
) -> ModelSwitched:
    """Switch a role to another model; the old one works until the new one has passed its check."""
    return ModelSwitched(model=await switch_model(deps, role, data.model, by))


HANDLERS = (models, use_model)
