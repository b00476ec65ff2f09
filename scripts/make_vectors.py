"""Write the vectors of the shipped law anew after it has changed: `python scripts/make_vectors.py`.

Texts that have a vector already, in the shipped file or in the folder of the index (`--kept`), are not embedded again.
"""

import asyncio
from pathlib import Path

import click

from afirgen.inference.embed import EmbedEngine
from afirgen.legal_kb.index import open_index
from afirgen.legal_kb.offences import load_offences
from afirgen.legal_kb.passages import passages_of
from afirgen.legal_kb.statutes import load_knowledge_base
from afirgen.legal_kb.tellings import load_tellings
from afirgen.legal_kb.vectors import SHIPPED_FILE, write_shipped

_ROOT = Path(__file__).parents[1]


@click.command()
@click.option("--kept", type=click.Path(file_okay=False, path_type=Path), default=_ROOT / "var" / "vectors")
def main(kept: Path) -> None:
    """Embed every passage of the shipped law that has no vector yet, and write all of them."""
    click.echo(f"{asyncio.run(_write(kept))} vectors: {SHIPPED_FILE} written")


async def _write(kept: Path) -> int:
    kb = load_knowledge_base()
    passages = passages_of(kb, load_offences(kb).everyday(), load_tellings(kb))
    engine = EmbedEngine()
    engine.start()
    await engine.ready()
    index = await open_index(kept, passages, engine)
    await asyncio.to_thread(engine.stop)
    vectors = {p.text: row for p, row in zip(index.passages, index.vectors, strict=True)}
    write_shipped(_ROOT / "afirgen" / "legal_kb" / "data" / SHIPPED_FILE, vectors, engine.embedder_id)
    return len(vectors)


if __name__ == "__main__":
    main()
