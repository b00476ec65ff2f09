"""Measures drafts against cases with known answers, through the same code as the app."""
