"""What the web application needs from the rest, handed over by bootstrap."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from litestar import Request
from litestar.di import NamedDependency

from afirgen.case.audit import Actor
from afirgen.inference.engine import EngineStatus
from afirgen.jobs.board import JobBoard
from afirgen.jobs.breaking import Breakers
from afirgen.jobs.reception import Reception
from afirgen.jobs.retention import Holds, Policy, Released
from afirgen.jobs.review import Review
from afirgen.legal_kb.finder import SectionFinder
from afirgen.render.wording import Forms
from afirgen.store.audit import AuditLog
from afirgen.store.cases import CaseStore
from afirgen.store.firs import FirStore
from afirgen.store.jobs import JobStore
from afirgen.store.officers import OfficerStore
from afirgen.store.old_sessions import OldSessions
from afirgen.store.originals import Originals
from afirgen.store.verify import Verdict
from afirgen.web.accounts import Accounts
from afirgen.web.once import Once


class Models(Protocol):
    """The engines of all roles."""

    def statuses(self) -> tuple[EngineStatus, ...]:
        """Return a snapshot of every role."""

    async def switch(self, role: str, model_id: str) -> EngineStatus:
        """Load another model for a role and use it from then on; raise if it is unknown or fails its check."""


@dataclass(frozen=True)
class StationSetup:
    """Who the station is, as it was set up; nothing of it is ever made up."""

    name: str | None = None
    district: str | None = None
    state: str | None = None
    beats: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True)
class WebSettings:
    """Choices of the installation that the web application needs."""

    cors_origins: tuple[str, ...]
    rate_limit_requests: int
    rate_limit_window_s: int
    max_concurrent: int
    secure_cookies: bool
    fir_auth_key: str | None
    trusted_proxies: tuple[str, ...] = ()
    enforce_https: bool = False
    upload_timeout_s: int = 600
    station: StationSetup = StationSetup()


@dataclass(frozen=True)
class About:
    """What administrators see of the installation: models to choose from by role, law, and what is kept.

    ``is_indexed`` tells whether the search index fits the law; ``law_faults`` name the station's own files of law that
    were left out.
    """

    models: dict[str, tuple[str, ...]]
    policy: Policy
    is_indexed: Callable[[], bool]
    law_faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desk:
    """What the pages and the API use beside the review.

    ``check_records`` is the audit check, ``export`` gives everything of a case as an archive, ``let_go`` removes what
    is over by the policy of retention.
    """

    cases: CaseStore
    jobs: JobStore
    originals: Originals
    officers: OfficerStore
    finder: SectionFinder
    forms: Forms
    check_records: Callable[[], Awaitable[Verdict]]
    holds: Holds
    export: Callable[[str, Actor], Awaitable[bytes]]
    about: About
    let_go: Callable[[Actor], Awaitable[Released]]


@dataclass(frozen=True)
class WebDeps:
    """Everything that handlers use."""

    reception: Reception
    review: Review
    board: JobBoard
    breakers: Breakers
    firs: FirStore
    audit: AuditLog
    old_sessions: OldSessions
    models: Models
    accounts: Accounts
    settings: WebSettings
    ping_database: Callable[[], Awaitable[None]]
    collections: Callable[[], tuple[str, ...]]
    desk: Desk
    on_startup: Callable[[], Awaitable[None]]
    on_shutdown: Callable[[], Awaitable[None]]
    alive: Callable[[], bool]
    once: Once = field(default_factory=Once)


Deps = NamedDependency[WebDeps]
"""How a handler asks for them."""

By = NamedDependency[Actor]
"""How a handler asks who calls."""


def caller(request: Request[Actor, Any, Any]) -> Actor:
    """Return who calls, as the guard found out."""
    return request.user
