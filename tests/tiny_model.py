"""A language model of random weights, small enough to be written and loaded inside a test.

It has a byte-level vocabulary with a few whole words, ChatML control tokens, two layers and 64 dimensions: its
answers mean nothing, but the same tokens always give the same logits, which is what engine tests need. It never
ends an answer by itself; a schema or the limit of tokens does.
"""

import itertools
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

WORDS = ("Yes", "yes", "YES", "No", "no", "NO", " the", "user", "system", "assistant", "name", '":')
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_LAYERS, _WIDTH, _HEADS, _INNER = 2, 64, 4, 96


def write_tiny_model(path: Path, *, template: str | None = CHATML, context: int = 8192, seed: int = 7) -> Path:
    """Write the model to ``path`` as a GGUF file of about half a megabyte."""
    tokens, merges = _vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if token in CONTROL else gguf.TokenType.NORMAL for token in tokens])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)
    for name, values in _weights(len(tokens), np.random.default_rng(seed)):
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary() -> tuple[list[str], list[str]]:
    """Return the tokens (bytes, the pieces of WORDS, control tokens) and the merges that make the words."""
    letters = _byte_letters()
    tokens = [letters[value] for value in range(256)]
    merges: list[str] = []
    for word in WORDS:
        spelt = [letters[value] for value in word.encode()]
        joined = spelt[0]
        for letter in spelt[1:]:
            if f"{joined} {letter}" not in merges:
                merges.append(f"{joined} {letter}")
            joined += letter
            if joined not in tokens:
                tokens.append(joined)
    return [*tokens, *CONTROL], merges


def _byte_letters() -> dict[int, str]:
    """Map each byte to the visible letter that stands for it in byte-level vocabularies."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {value: chr(value) for value in visible}
    spare = itertools.count(0x100)
    return {value: letters.get(value) or chr(next(spare)) for value in range(256)}


def _weights(vocabulary: int, random: np.random.Generator) -> list[tuple[str, NDArray[np.float32]]]:
    def matrix(rows: int, columns: int, scale: float) -> NDArray[np.float32]:
        return (random.standard_normal((rows, columns)) * scale).astype(np.float32)

    ones = np.ones(_WIDTH, dtype=np.float32)
    deep = _WIDTH**-0.5
    output = matrix(vocabulary, _WIDTH, 4 * deep)
    output[-len(CONTROL) :] = 0
    tensors = [
        ("token_embd.weight", matrix(vocabulary, _WIDTH, 1.0)),
        ("output_norm.weight", ones),
        ("output.weight", output),
    ]
    for layer in range(_LAYERS):
        block = f"blk.{layer}"
        tensors += [
            (f"{block}.attn_norm.weight", ones),
            *((f"{block}.attn_{part}.weight", matrix(_WIDTH, _WIDTH, 2 * deep)) for part in "qkv"),
            (f"{block}.attn_output.weight", matrix(_WIDTH, _WIDTH, deep)),
            (f"{block}.ffn_norm.weight", ones),
            (f"{block}.ffn_gate.weight", matrix(_INNER, _WIDTH, deep)),
            (f"{block}.ffn_up.weight", matrix(_INNER, _WIDTH, deep)),
            (f"{block}.ffn_down.weight", matrix(_WIDTH, _INNER, deep)),
        ]
    return tensors
