"""The stores that a case's way through the review needs."""

from dataclasses import dataclass

from afirgen.store.audit import AuditLog
from afirgen.store.cases import CaseStore
from afirgen.store.firs import FirStore
from afirgen.store.jobs import JobStore
from afirgen.store.originals import Originals
from afirgen.store.retention import RetentionStore


@dataclass(frozen=True)
class Stores:
    """Where cases, jobs, FIRs and originals are kept."""

    cases: CaseStore
    jobs: JobStore
    firs: FirStore
    originals: Originals
    audit: AuditLog
    kept: RetentionStore
