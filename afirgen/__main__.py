"""`python -m afirgen` is the command line."""

from afirgen.cli import main

main()
