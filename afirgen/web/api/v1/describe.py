"""How the OpenAPI document describes what many calls share: refusals, ids, pages."""

from collections.abc import Mapping
from typing import Annotated

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType

CASE_ID = "3f0c6f5e-9d3c-4a59-8f0a-6f0f4f1b2c3d"
JOB_ID = "b2f8c1de-07a4-4f27-9d55-0d8a1c9e7f61"
FIR_NUMBER = "FIR-1a2b3c4d-20250307143000"
MOST = 1_000_000
"""The highest version number and offset that a call may name."""


class Refusal(Struct, kw_only=True):
    """Every refusal: a sentence for people, and a code for programs that does not change."""

    detail: Annotated[str, Meta(description="What is wrong and what to do, in one sentence or two.")]
    error_code: Annotated[str, Meta(description="A stable code.", examples=["not_found"])]
    timestamp: Annotated[str, Meta(description="When, UTC.", examples=["2025-03-13T04:30:05+00:00"])]
    error: Annotated[str | UnsetType, Meta(description="The code once more, where Retry-After is sent.")] = UNSET


_SENTENCES = {
    400: ("invalid_input", "The request is not right, or the case is not at the step that the call needs."),
    401: ("not_authenticated", "The key is missing or not right."),
    403: ("not_allowed", "The caller is known, but the role may not do this."),
    404: ("not_found", "There is no such thing."),
    409: ("changed_meanwhile", "Somebody else was quicker: look again, then decide."),
    413: ("file_too_large", "The file is larger than 25 MiB."),
    415: ("unsupported_media", "The content is of a kind that cannot be read."),
    429: ("too_many_requests", "Too many requests. Retry-After says how many seconds to wait."),
    504: ("step_failed", "The model behind the step did not deliver. The step can be tried again."),
    503: ("overloaded", "Every place is taken, or a part is not ready. Retry-After may say how long to wait."),
}


def refusals(*statuses: int) -> Mapping[int, ResponseSpec]:
    """Describe the refusals of a call; a wrong request, a wrong key and too many requests are always possible."""
    return {status: _refusal(status) for status in sorted({400, 401, 429, *statuses})}


def _refusal(status: int) -> ResponseSpec:
    code, sentence = _SENTENCES[status]
    body = {"detail": sentence, "error_code": code, "timestamp": "2025-03-13T04:30:05+00:00"}
    return ResponseSpec(
        Refusal, description=sentence, generate_examples=False, examples=[Example(summary=code, value=body)]
    )


CaseId = Annotated[
    str,
    PathParameter(
        description="The case's id, a UUID; the session id of the old API.", examples=[Example(value=CASE_ID)]
    ),
]
JobId = Annotated[str, PathParameter(description="The job's id.", examples=[Example(value=JOB_ID)], max_length=36)]
Limit = Annotated[int, QueryParameter(description="How many at most.", ge=1, le=100, examples=[Example(value=20)])]
Offset = Annotated[int, QueryParameter(description="How many to leave out from the start.", ge=0, le=MOST)]
Count = Annotated[int, Meta(ge=1, le=MOST)]
Short = Annotated[str, Meta(max_length=200)]
Version = Annotated[
    Count | None,
    Meta(
        description="The version that the caller has seen. If it is not the newest any more, nothing is done.",
        examples=[1],
    ),
]
SeenVersion = Annotated[
    int | None,
    QueryParameter(description="The version of the step that the caller has seen.", ge=1, le=MOST, examples=[]),
]
