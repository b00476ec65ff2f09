"""The steps from a complaint to a First Information Report, one file a step, in the order of run.py."""
