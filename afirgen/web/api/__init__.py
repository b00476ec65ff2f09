"""The REST API of earlier installations, and what is new under /api/v1."""
