"""Chat prompts as tokens. The template's control tokens are real; those written by a person are plain text."""

from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from afirgen.errors import ModelFileError
from afirgen.inference.llama.lib import NativeModel

_SYSTEM, _SHARED, _TASK = "\x02system\x03", "\x02shared\x03", "\x02task\x03"


class ChatFrame(Struct, frozen=True):
    """The template's text before the system message, before the user's message, and after it."""

    before_system: str
    before_user: str
    after_user: str


def read_frame(template: str | None, model_id: str) -> ChatFrame:
    """Take the frame of one system and one user message out of a GGUF's chat template."""
    if not template:
        raise ModelFileError(f"The model {model_id} has no chat template. Choose an instruct model.")
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    rendered = environment.from_string(template).render(
        messages=[
            {"role": "system", "content": _SYSTEM},
            {"role": "user", "content": _SHARED + _TASK},
        ],
        add_generation_prompt=True,
        bos_token="",
        eos_token="",
    )
    before_system, _, rest = rendered.partition(_SYSTEM)
    before_user, marker, after_user = rest.partition(_SHARED + _TASK)
    if not marker:
        raise ModelFileError(f"The chat template of {model_id} is not understood. Choose another model.")
    return ChatFrame(before_system, before_user, after_user)


class PromptWriter:
    """Turns messages into tokens; safe to use from any thread."""

    def __init__(self, model: NativeModel, frame: ChatFrame) -> None:
        self._model = model
        self._before_system = model.tokenize(frame.before_system, special=True)
        self._before_user = model.tokenize(frame.before_user, special=True)
        self._after_user = model.tokenize(frame.after_user, special=True)

    def prefix(self, system: str, shared: str) -> tuple[int, ...]:
        """Return the tokens that all tasks on the same text have in common."""
        plain = self._model.tokenize
        return (
            *self._before_system,
            *plain(system, special=False),
            *self._before_user,
            *plain(shared, special=False),
        )

    def tail(self, task: str) -> tuple[int, ...]:
        """Return the tokens of one task and of the start of the answer."""
        return (*self._model.tokenize(task, special=False), *self._after_user)
