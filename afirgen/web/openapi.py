"""The OpenAPI document of the whole API."""

from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag

from afirgen import __version__

EARLIER = "Earlier API"
SYSTEM = "System"
_TAGS = {
    "Cases": "Complaints taken in, and where they stand.",
    "Steps": "The officer's decision on each of the five steps.",
    "Versions": "Everything that was drafted and written; nothing is overwritten.",
    "Evidence": "The originals as received.",
    "Sections": "Sections of law: proposed by the program, accepted, removed or added by an officer.",
    "Duties": "What the law wants done and until when, and what is on record of it.",
    "Documents": "The FIR and the other forms as files.",
    "Audit": "Who did what; a case with everything that is kept of it.",
    "Retention": "Legal hold: a case on hold does not expire, and nothing of it is removed.",
    "Jobs": "Drafting under way: progress by asking or as a stream, and stopping it.",
    "Models": "The models in use.",
    "Officers": "Accounts; for administrators.",
    "Station": "Who the station is, as it was set up.",
    EARLIER: "The calls of earlier installations, with the same names, fields and statuses.",
    SYSTEM: "Whether the program lives and is ready.",
}
_DESCRIPTION = (
    "AFIRGen drafts First Information Reports from speech, scans and text; an officer reviews each step. "
    "Send the API key as `X-API-Key` or as a bearer token. Every refusal has the same shape: a sentence in `detail` "
    "and a stable `error_code`."
)


def openapi_config() -> OpenAPIConfig:
    """Return how the document is made and where it is."""
    return OpenAPIConfig(
        title="AFIRGen",
        version=__version__,
        description=_DESCRIPTION,
        tags=[Tag(name=name, description=text) for name, text in _TAGS.items()],
        use_handler_docstrings=True,
        security=[{"apiKey": []}, {"bearer": []}],
        components=Components(
            security_schemes={
                "apiKey": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
                "bearer": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
        path="/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/")],
    )
