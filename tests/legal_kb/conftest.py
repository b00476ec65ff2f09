"""The shipped law, read once for all tests of it; nothing in it can be changed."""

import pytest

from afirgen.legal_kb.offences import OffenceBook, load_offences
from afirgen.legal_kb.statutes import KnowledgeBase, load_knowledge_base


@pytest.fixture(scope="session")
def kb() -> KnowledgeBase:
    return load_knowledge_base()


@pytest.fixture(scope="session")
def book(kb: KnowledgeBase) -> OffenceBook:
    return load_offences(kb)
