"""Carries cases through their steps in the background and takes them up again after a restart."""
