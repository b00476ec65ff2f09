"""Chat prompts as tokens. The template's control tokens are real; those written by a person are plain text."""

import time
from typing import NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from afirgen.errors import ModelFileError
from afirgen.inference.llama.lib import NativeModel

_SYSTEM, _USER = "\x02system\x03", "\x02user\x03"


class ChatFrame(Struct, frozen=True):
    """The template's text before the system message, before the user's message, and after it."""

    before_system: str
    before_user: str
    after_user: str


def read_frame(template: str | None, model_id: str, *, opening: str = "") -> ChatFrame:
    """Take the frame of one system and one user message out of a GGUF's chat template.

    ``opening`` is the text of the token that every input of the model begins with. Where a template knows no
    system message, that message becomes the first paragraph of the user's.
    """
    if not template:
        raise ModelFileError(f"The model {model_id} has no chat template. Choose an instruct model.")
    apart = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _USER}]
    joined = [{"role": "user", "content": f"{_SYSTEM}\n\n{_USER}"}]
    problem: Exception | None = None
    for messages in (apart, joined):
        try:
            frame = _split(_render(template, messages, opening))
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as err:
            problem = err
            continue
        if frame:
            return frame
    raise ModelFileError(
        f"The chat template of {model_id} is not understood. Choose another model.", detail=repr(problem)
    )


def _render(template: str, messages: list[dict[str, str]], opening: str) -> str:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = time.strftime
    text = environment.from_string(template).render(
        messages=messages, add_generation_prompt=True, bos_token=opening, eos_token=""
    )
    return text if text.startswith(opening) else opening + text


def _split(text: str) -> ChatFrame | None:
    before_system, _, rest = text.partition(_SYSTEM)
    before_user, marker, after_user = rest.partition(_USER)
    # Without an opening of the answer there would be no token to read the answer's logits from.
    return ChatFrame(before_system, before_user, after_user) if marker and after_user else None


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)


class PromptWriter:
    """Turns messages into tokens; safe to use from any thread.

    The pieces are tokenised one by one, so that the tokens of a shared part do not depend on the task after it.
    """

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
