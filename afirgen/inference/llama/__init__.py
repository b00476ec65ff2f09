"""The language model engine: one llama.cpp context, many sequences, one owner thread."""
