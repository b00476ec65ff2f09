"""The law as data: statutes, imported files, passages, index, search and decision rules."""
