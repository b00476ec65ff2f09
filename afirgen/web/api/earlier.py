"""The bodies and answers of the review calls of earlier installations."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from afirgen.web.api.v1.describe import CASE_ID, FIR_NUMBER

SessionId = Annotated[str, Meta(description="The session's id, a UUID.", examples=[CASE_ID])]
StepNow = Annotated[str, Meta(description="The step that waits, or is drafted.", examples=["summary_review"])]
Content = Annotated[
    dict[str, Any],
    Meta(
        description="What the step says: transcript; summary and original_transcript; violations and summary; "
        "fir_narrative; fir_content and fir_number.",
        examples=[{"transcript": "I am Anil Rao. On 12.03.2025 a man took my motorcycle near the bank."}],
    ),
]
Message = Annotated[str, Meta(description="A sentence for the officer.", examples=["Check the transcript."])]
Note = Annotated[str | None, Meta(description="The officer's text, or what a new draft should heed.")]


class Validation(Struct, frozen=True, kw_only=True):
    """Body of POST /validate."""

    session_id: SessionId
    approved: bool
    user_input: Note = None
    regenerate: bool | None = None


class Wish(Struct, frozen=True, kw_only=True):
    """Body of POST /regenerate/{id}, where it is not in the address."""

    step: str | None = None
    user_input: Note = None


class Processed(Struct, frozen=True, kw_only=True):
    """Answer of POST /process. A model that failed is told in `error`, with `success` false."""

    success: bool
    session_id: SessionId
    error: str | None
    steps: Annotated[list[str], Meta(description="asr_done or ocr_done.", examples=[["asr_done"]])]
    requires_validation: bool
    current_step: StepNow
    content_for_validation: Content | None
    fir_number: str | None = None
    fir_content: str | None = None


class Validated(Struct, frozen=True, kw_only=True):
    """Answer of POST /validate."""

    success: bool
    session_id: SessionId
    current_step: StepNow
    content: Content
    message: Message
    requires_validation: bool
    completed: Annotated[bool, Meta(description="Whether the last step is approved.")]


class Regenerated(Struct, frozen=True, kw_only=True):
    """Answer of POST /regenerate/{id}."""

    success: bool
    session_id: SessionId
    step: StepNow
    content: Content
    message: Message


class SessionShown(Struct, frozen=True, kw_only=True):
    """Answer of GET /session/{id}/status."""

    session_id: SessionId
    status: Annotated[str, Meta(description="processing, awaiting_validation, completed, expired or error.")]
    current_step: StepNow
    awaiting_validation: bool
    created_at: str | None
    last_activity: str | None
    error: str | None = None


Number = Annotated[str, Meta(description="The FIR's number.", examples=[FIR_NUMBER])]
Status = Annotated[str, Meta(description="pending or finalized.", examples=["pending"])]
Register = Annotated[
    str | None, Meta(description="The number in the station's register, given when the FIR is finalized.")
]


class FirListed(Struct, frozen=True, kw_only=True):
    """An FIR in a list."""

    fir_number: Number
    status: Status
    created_at: str | None
    register_number: Register


class FirList(Struct, frozen=True, kw_only=True):
    """Answer of GET /list_firs."""

    records: list[FirListed]
    limit: int
    offset: int
    count: Annotated[int, Meta(description="How many there are in this answer.")]


class FirShown(Struct, frozen=True, kw_only=True):
    """Answer of GET /fir/{number}."""

    fir_number: Number
    status: Status
    created_at: str | None
    finalized_at: str | None
    register_number: Register


class FirWithContent(FirShown, frozen=True, kw_only=True):
    """Answer of GET /fir/{number}/content."""

    content: Annotated[str, Meta(description="The text of the form.")]


class Authentication(Struct, frozen=True, kw_only=True):
    """Body of POST /authenticate."""

    fir_number: Number
    auth_key: Annotated[str, Meta(description="FIR_AUTH_KEY, 8 to 256 characters.")]


class Authenticated(Struct, frozen=True, kw_only=True):
    """Answer of POST /authenticate."""

    success: bool
    message: str
    fir_number: Number
    register_number: str
