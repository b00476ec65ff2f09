"""Model files: what the manifest lists, where they come from, and that they are what they should be."""
