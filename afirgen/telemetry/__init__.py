"""Logs for the operator, without personal data."""
