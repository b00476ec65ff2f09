"""Server-rendered pages; they work without scripts."""
