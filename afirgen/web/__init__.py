"""The web application: REST API and pages over the same review."""
