"""All calls of the versioned API."""

from afirgen.web.api.v1 import (
    audit,
    cases,
    documents,
    duties,
    evidence,
    holds,
    jobs,
    models,
    officers,
    sections,
    station,
    steps,
    versions,
)

HANDLERS = (
    *cases.HANDLERS,
    *steps.HANDLERS,
    *versions.HANDLERS,
    *evidence.HANDLERS,
    *sections.HANDLERS,
    *duties.HANDLERS,
    *documents.HANDLERS,
    *audit.HANDLERS,
    *holds.HANDLERS,
    *jobs.HANDLERS,
    *models.HANDLERS,
    *officers.HANDLERS,
    *station.HANDLERS,
)
