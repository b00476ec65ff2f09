"""Keeps cases, every version of every step, originals and finished FIRs."""
