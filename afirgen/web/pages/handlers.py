"""All pages of the application."""

from afirgen.web.pages import admin, casework, dashboard, entry, papers, reference, sources, versions

HANDLERS = (
    *entry.HANDLERS,
    *dashboard.HANDLERS,
    *casework.HANDLERS,
    *sources.HANDLERS,
    *versions.HANDLERS,
    *papers.HANDLERS,
    *admin.HANDLERS,
    *reference.HANDLERS,
)
