"""Logs, figures and traces for the operator, without personal data."""
