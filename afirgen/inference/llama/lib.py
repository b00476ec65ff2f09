"""The only module that touches llama.cpp. Every index is checked here, because a native assert ends the process."""

import ctypes
from pathlib import Path

import llama_cpp
import numpy as np
import structlog
from llguidance import LLTokenizer
from llguidance.llamacpp import lltokenizer_from_vocab
from msgspec import Struct
from numpy.typing import NDArray

from afirgen.errors import ModelFileError

_log = structlog.get_logger(__name__)
_MAGIC = b"GGUF"
_PIECE_BYTES = 512
_WARNING, _ERROR = 3, 4
_F32, _F16, _BF16, _Q8_0 = 0, 1, 30, 8
# One for the prefix and one for the stream that extends it.
_SEQUENCES_A_REQUEST = 2
_CPU_CHUNK = 16
# In batches of at least so many rows, flash attention on a CPU takes that many at a time and looks for all of them at
# every cell that one of them needs.
_CPU_TILE = 64
_GPU_GUESSES = 3
_KERNEL_ROWS = 4


class LlamaOptions(Struct, frozen=True, kw_only=True):
    """How the model is run. ``context`` is in tokens, shared by all sequences; ``gpu_layers`` -1 means all.

    ``batch`` is the most tokens decoded at once, ``chunk`` the most prompt tokens among them for each answer that is
    being written, so that it does not stall. None means a few on a CPU, where a prompt token costs the same in a small
    batch as in a large one and an answer's token next to nothing beside it, and the whole batch with a GPU.

    ``guesses`` is how many tokens of an answer are guessed from the prompt and checked in one go; None means three with
    a GPU and none on a CPU, where a batch of four tokens was measured to cost more than twice one of a single token,
    which right guesses hardly make up for. There they are made in batches of up to four tokens alone.

    ``repack`` keeps the weights in a second form that llama.cpp's CPU kernels read; which form is faster depends on the
    processor.

    ``batch_threads`` read prompts, ``threads`` write; None means the same. ``kv_type`` is a ggml type number: 0 f32,
    1 f16, 30 bf16, 8 q8_0.

    ``flash_attention`` None means wherever the device knows it. It passes over the cells of other cases, which all
    stand in one pool: with 3,000 cells in use a batch of 256 prompt tokens took 12.4 s with it and 17.5 s without on
    two cores.
    """

    context: int = 8192
    sequences: int = 64
    batch: int = 512
    chunk: int | None = None
    guesses: int | None = None
    repack: bool = True
    threads: int = 2
    batch_threads: int | None = None
    gpu_layers: int = 0
    flash_attention: bool | None = None
    kv_type: int = _F16

    def __post_init__(self) -> None:
        """Refuse what llama.cpp would abort on."""
        most = min(llama_cpp.llama_max_parallel_sequences(), self.batch)
        if not _SEQUENCES_A_REQUEST <= self.sequences <= most:
            raise ValueError("sequences: from 2 to 256, and no more than batch")
        if not 1 <= self.batch <= self.context or (self.chunk is not None and self.chunk < 1):
            raise ValueError("batch and chunk: at least 1, and batch no more than context")
        if self.guesses is not None and self.guesses < 0:
            raise ValueError("guesses: at least 0")
        if self.threads < 1 or (self.batch_threads is not None and self.batch_threads < 1):
            raise ValueError("threads and batch_threads: at least 1")
        if self.kv_type not in {_F32, _F16, _BF16, _Q8_0}:
            raise ValueError("kv_type: one of 0, 1, 8, 30")

    def guess_room(self, tokens: int, *, prompts: bool) -> int:
        """Return how many guesses an answer may add to a batch of ``tokens`` beside ``prompts`` or none."""
        if self.gpu_layers:
            return _GPU_GUESSES if self.guesses is None else self.guesses
        return 0 if prompts else max(0, (self.guesses or 0) + 1 - tokens)

    @property
    def _chunk(self) -> int:
        return self.chunk or (self.batch if self.gpu_layers else _CPU_CHUNK)

    def apart(self, answers: int) -> bool:
        """Tell whether prompts and so many answers are decoded in turns and not in one batch.

        On a CPU ten answers and 150 prompt tokens of other cases took 8.9 s in one batch and 8.0 apart, as each answer
        looks at the cells of a case of its own. A single answer costs the same either way, and waits less within.
        """
        return not self.gpu_layers and self._chunk * answers >= _CPU_TILE

    def grain(self, answers: int) -> int:
        """Return of how many tokens of one prompt a piece should be a multiple, beside so many answers."""
        return _CPU_TILE if self.apart(answers) else 1

    def prompt_room(self, answers: int, tokens: int) -> int:
        """Return how many prompt tokens a batch may take beside ``tokens`` of so many answers being written.

        Together they make whole rows of the CPU kernels, which take tokens four at a time and odd ones one by one, or
        in a batch of their own whole tiles of its flash attention.
        """
        if not answers:
            return self.batch - tokens
        apart = self.apart(answers)
        # In turns there is room for two tiles at least, one for the oldest case and one for those behind it.
        room = min(self.batch - tokens, max(self._chunk * answers, 2 * _CPU_TILE if apart else 0))
        unit = _CPU_TILE if apart else _KERNEL_ROWS
        whole = (tokens + room) // unit * unit - tokens
        return whole if whole > 0 else room


def _pass_on(level: int, text: bytes | None, _data: int | None) -> None:
    if level in {_WARNING, _ERROR} and text:
        line = text.decode(errors="replace").strip()
        (_log.error if level == _ERROR else _log.warning)("llama_cpp", line=line)


# llama.cpp writes its log to stderr unless it is given a callback, which must outlive all calls. Its warnings and
# errors go to our log.
_LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(_pass_on)


class NativeModel:
    """A model with one context and one batch, both kept for life.

    Only ``tokenize``, ``piece`` and the vocabulary's facts may be used from other threads.
    """

    def __init__(self, path: Path, options: LlamaOptions, *, model_id: str) -> None:
        check_file(path, model_id)
        llama_cpp.llama_log_set(_LOG_CALLBACK, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self.options = options
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = options.gpu_layers
        params.use_extra_bufts = options.repack
        model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
        if not model:
            raise broken_file(model_id)
        self._model = model
        if llama_cpp.llama_model_is_recurrent(model) or llama_cpp.llama_model_is_hybrid(model):
            llama_cpp.llama_model_free(model)
            raise ModelFileError(f"The model {model_id} cannot share what it has read. Choose a plain attention model.")
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self._context = llama_cpp.llama_init_from_model(model, _context_params(options))
        if not self._context:
            llama_cpp.llama_model_free(model)
            raise ModelFileError(
                f"There is not enough memory for {model_id}. Lower AFIRGEN_LLM_CONTEXT or free some memory."
            )
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(options.batch, 0, options.sequences)
        self._wants: list[bool] = []
        self.vocabulary_size: int = llama_cpp.llama_vocab_n_tokens(self._vocab)
        trained: int = llama_cpp.llama_model_n_ctx_train(model)
        self.longest = min(options.context, trained) if trained > 0 else options.context
        """Tokens that one sequence may hold."""

    def close(self) -> None:
        """Free everything native; the object is of no use afterwards."""
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    # --- vocabulary (thread-safe) -------------------------------------------------------------------------

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Return the tokens of ``text``; control tokens are recognised only with ``special``.

        Half a surrogate pair, which has no bytes of its own, is read as a question mark.
        """
        data = text.encode(errors="replace")
        if not data:
            return []
        room = len(data) + 8
        buffer = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocab, data, len(data), buffer, room, False, special)
        if count < 0:
            raise ValueError(f"llama_tokenize wants room for {-count} tokens")
        return list(buffer[:count])

    def piece(self, token: int) -> bytes:
        """Return the bytes of a token as text; control tokens give nothing."""
        self._check_token(token)
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        size = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, _PIECE_BYTES, 0, False)
        return buffer.raw[: max(0, size)]

    def ends(self, token: int) -> bool:
        """Tell whether the token ends a turn."""
        self._check_token(token)
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def chat_template(self) -> str | None:
        """Return the Jinja chat template that the file carries."""
        template = llama_cpp.llama_model_chat_template(self._model, None)
        return template.decode() if template else None

    def opening_text(self) -> str:
        """Return the text of the token that every input begins with, if the model has one."""
        token = llama_cpp.llama_vocab_bos(self._vocab)
        if token < 0 or not llama_cpp.llama_vocab_get_add_bos(self._vocab):
            return ""
        text: bytes = llama_cpp.llama_vocab_get_text(self._vocab, token)
        return text.decode(errors="replace")

    def constraint_tokenizer(self) -> LLTokenizer:
        """Make the tokenizer for schema masks; takes about a second. Of use only as long as this model is open."""
        return lltokenizer_from_vocab(self._vocab)

    # --- decoding (owner thread) --------------------------------------------------------------------------

    def begin_batch(self) -> None:
        """Empty the batch."""
        self._batch.n_tokens = 0
        self._wants = []

    def room(self) -> int:
        """Return how many more tokens the batch takes."""
        return self.options.batch - int(self._batch.n_tokens)

    def add(self, token: int, position: int, sequence: int, *, logits: bool) -> int:
        """Add a token to the batch and return its row."""
        row = int(self._batch.n_tokens)
        self._check_token(token)
        self._check_sequence(sequence)
        if row >= self.options.batch or not 0 <= position < self.options.context:
            raise ValueError(f"row {row} or position {position} out of range")
        self._batch.token[row] = token
        self._batch.pos[row] = position
        self._batch.n_seq_id[row] = 1
        self._batch.seq_id[row][0] = sequence
        self._batch.logits[row] = logits
        self._batch.n_tokens = row + 1
        self._wants.append(logits)
        return row

    def share(self, row: int, sequence: int) -> None:
        """Let another sequence have the token of a row too, at the same position.

        Up to there both must have the same tokens, and what they share must be all that either has in the batch.
        """
        self._check_sequence(sequence)
        if not 0 <= row < len(self._wants):
            raise ValueError(f"row {row} out of range")
        count = int(self._batch.n_seq_id[row])
        if sequence in self._batch.seq_id[row][:count]:
            raise ValueError(f"sequence {sequence} has row {row} already")
        self._batch.seq_id[row][count] = sequence
        self._batch.n_seq_id[row] = count + 1

    def decode(self) -> int:
        """Run the batch: 0 done, 1 no room in the cache (nothing changed), 2 aborted, negative for an error."""
        if not self._wants:
            raise ValueError("empty batch")
        return int(llama_cpp.llama_decode(self._context, self._batch))

    def logits(self, row: int) -> NDArray[np.float32]:
        """Return a view of a row's logits (vocabulary_size,), valid until the next decode."""
        if not 0 <= row < len(self._wants) or not self._wants[row]:
            raise ValueError(f"row {row} has no logits")
        pointer = llama_cpp.llama_get_logits_ith(self._context, row)
        if not pointer:
            raise ValueError(f"row {row} gave no logits")
        return np.ctypeslib.as_array(pointer, shape=(self.vocabulary_size,))

    def copy_prefix(self, source: int, target: int, length: int) -> None:
        """Let ``target`` share the first ``length`` cells of ``source``."""
        self._check_sequence(source)
        self._check_sequence(target)
        if not 0 < length <= self.options.context:
            raise ValueError(f"length {length} out of range")
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def forget(self, sequence: int, *, start: int = 0) -> None:
        """Take the sequence from position ``start`` on out of the cache; cells that no other one holds are free."""
        self._check_sequence(sequence)
        if not 0 <= start <= self.options.context:
            raise ValueError(f"position {start} out of range")
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, start, -1)

    def _check_token(self, token: int) -> None:
        if not 0 <= token < self.vocabulary_size:
            raise ValueError(f"token {token} out of range")

    def _check_sequence(self, sequence: int) -> None:
        if not 0 <= sequence < self.options.sequences:
            raise ValueError(f"sequence {sequence} out of range")


def check_file(path: Path, model_id: str) -> None:
    """Raise :class:`ModelFileError` unless ``path`` is there and begins like a GGUF file."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as err:
        raise ModelFileError(
            f"The model {model_id} is not installed. Run `afirgen models pull {model_id}`.", detail=str(err)
        ) from err
    if head != _MAGIC:
        raise broken_file(model_id)


def broken_file(model_id: str) -> ModelFileError:
    """Return the error for a file that is not a usable model."""
    return ModelFileError(f"The file of {model_id} is damaged. Run `afirgen models verify {model_id}`.")


def _context_params(options: LlamaOptions) -> "llama_cpp.llama_context_params":
    params: llama_cpp.llama_context_params = llama_cpp.llama_context_default_params()
    params.n_ctx = options.context
    params.n_batch = options.batch
    params.n_ubatch = options.batch
    params.n_seq_max = options.sequences
    params.n_threads = options.threads
    params.n_threads_batch = options.batch_threads or options.threads
    params.flash_attn_type = _flash_attention(options)
    params.type_k = options.kv_type
    params.type_v = options.kv_type
    # Shared prefixes need one pool of cells; with split pools a partial copy is a native assert.
    params.kv_unified = True
    return params


def _flash_attention(options: LlamaOptions) -> int:
    # A cache of 8 bits works with flash attention only.
    if options.flash_attention or options.kv_type == _Q8_0:
        return int(llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED)
    if options.flash_attention is None:
        return int(llama_cpp.LLAMA_FLASH_ATTN_TYPE_AUTO)
    return int(llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED)
