"""The one error tree: every error a user can meet has a status, a stable code and one public sentence.

The public sentence says what to do. Anything technical goes into ``detail``, which only the log sees.
"""

from typing import ClassVar


class AfirgenError(Exception):
    """Base of every expected error.

    ``public`` is shown to users as it is; ``detail`` is for the log alone.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, public: str, *, detail: str | None = None) -> None:
        super().__init__(public)
        self.public = public
        self.detail = detail


class InvalidInputError(AfirgenError):
    """What was sent cannot be used as it is."""

    status = 400
    code = "invalid_input"


class EmptyInputError(InvalidInputError):
    """Nothing, or only silence or a blank page, was sent."""

    code = "empty_input"


class InputTooLongError(InvalidInputError):
    """The text or recording is longer than the limit."""

    code = "input_too_long"


class UnsupportedWordsError(InvalidInputError):
    """A sentence says what the complaint does not, and no officer has said to know it."""

    code = "unsupported_words"


class InputTooLargeError(AfirgenError):
    """The file has more bytes than the limit."""

    status = 413
    code = "file_too_large"


class UnsupportedMediaError(AfirgenError):
    """The file's content is of a kind that cannot be read."""

    status = 415
    code = "unsupported_media"


class DamagedFileError(InvalidInputError):
    """The file is truncated, encrypted or otherwise unreadable."""

    code = "damaged_file"


class AuthenticationError(AfirgenError):
    """The key is missing or wrong."""

    status = 401
    code = "not_authenticated"


class NotAllowedError(AfirgenError):
    """The caller is known, but may not do this."""

    status = 403
    code = "not_allowed"


class NotFoundError(AfirgenError):
    """The case, FIR or section asked for does not exist."""

    status = 404
    code = "not_found"


class StepConflictError(AfirgenError):
    """The case is not at the step that the call needs."""

    status = 400
    code = "wrong_step"


class ChangedMeanwhileError(AfirgenError):
    """Somebody else has written in the step since it was shown."""

    status = 409
    code = "changed_meanwhile"


class RequestTimeoutError(AfirgenError):
    """The request did not arrive whole in the time allowed."""

    status = 408
    code = "request_timeout"


class LostLeaseError(AfirgenError):
    """The job is over, or somebody else works on it."""

    status = 409
    code = "job_over"


class TooManyRequestsError(AfirgenError):
    """This client has used up its share for now."""

    status = 429
    code = "too_many_requests"

    def __init__(self, public: str, *, retry_after_s: int, detail: str | None = None) -> None:
        super().__init__(public, detail=detail)
        self.retry_after_s = retry_after_s


class OverloadedError(AfirgenError):
    """Every place in a queue is taken; the caller should come back."""

    status = 503
    code = "overloaded"

    def __init__(self, public: str, *, retry_after_s: int = 10, detail: str | None = None) -> None:
        super().__init__(public, detail=detail)
        self.retry_after_s = retry_after_s


class ModelUnavailableError(AfirgenError):
    """A model that the step needs is not loaded."""

    status = 503
    code = "model_unavailable"


class ModelFileError(ModelUnavailableError):
    """A model's file is missing or does not match its checksum."""

    code = "model_file"


class DeadlineExceededError(AfirgenError):
    """A model did not finish in the time allowed."""

    status = 504
    code = "model_timeout"


class CancelledWorkError(AfirgenError):
    """The work was stopped because its caller no longer wants it."""

    status = 499
    code = "cancelled"


class EngineFailureError(AfirgenError):
    """A native engine failed on this request."""

    status = 500
    code = "engine_failure"


class SettingsError(AfirgenError):
    """One or more settings are wrong; the sentence lists each of them."""

    code = "settings"


class DataFileError(AfirgenError):
    """A law, form or manifest file is wrong; the sentence names the file and the line."""

    code = "data_file"


class StorageError(AfirgenError):
    """The database or file store could not keep or give back a record."""

    status = 503
    code = "storage"


class AuditFaultError(AfirgenError):
    """Stored records do not match the audit log."""

    code = "audit_fault"


class DeploymentError(AfirgenError):
    """Something in the cloud, or on the way to it, is not as deployment needs it."""

    code = "deployment_error"
