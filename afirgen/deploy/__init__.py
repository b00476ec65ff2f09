"""Deployment to AWS: what it costs, what would change, and bringing it there. Used by the command line only."""
