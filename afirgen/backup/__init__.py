"""Backups: one encrypted file with every record, original and audit entry, and the way back from it."""
