"""The First Information Report as text, HTML and PDF, all from one form model."""
