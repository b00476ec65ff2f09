"""Model files on a web server that keeps them as BASE/MODEL-ID/FILE-NAME."""

from http import HTTPStatus
from urllib.parse import quote, urlsplit

import httpx
import stamina

from afirgen.errors import SettingsError
from afirgen.inference.models.manifest import ModelEntry, ModelFile
from afirgen.inference.models.partial import Partial, Report
from afirgen.inference.models.sources.base import SUMS_NAME, AbsentError, SourceError, key

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class HttpsSource:
    """Downloads by byte ranges; what was received is kept while the server's ETag stays the same."""

    def __init__(self, base: str, *, attempts: int = 8) -> None:
        parts = urlsplit(base)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise SettingsError("Models are fetched over https only. Change http:// to https:// in the model sources.")
        self._base = base.rstrip("/")
        self._host = parts.hostname or base
        self._attempts = attempts

    @property
    def name(self) -> str:
        """How messages call the place."""
        return self._host

    def fetch(self, entry: ModelEntry, file: ModelFile, partial: Partial, report: Report) -> None:
        """Download the file, going on from the bytes that are there, also after a broken connection."""
        url = self._url(entry, file.name)
        try:
            for attempt in stamina.retry_context(
                on=(httpx.TransportError, _ServerBusyError), attempts=self._attempts, timeout=None, wait_initial=0.2
            ):
                with attempt, self._client() as client:
                    self._receive(client, url, partial, report)
        except (httpx.HTTPError, _ServerBusyError) as err:
            raise SourceError(f"{self.name} cannot be reached or breaks off", detail=repr(err)) from err

    def size(self, entry: ModelEntry, file: ModelFile) -> int:
        """Return the file's bytes here."""
        try:
            with self._client() as client:
                answer = client.head(self._url(entry, file.name))
        except httpx.HTTPError as err:
            raise SourceError(f"{self.name} cannot be reached", detail=repr(err)) from err
        self._check(answer)
        return int(answer.headers.get("content-length", 0))

    def sums(self, entry: ModelEntry) -> str | None:
        """Return the text of the model's checksum list, or None."""
        try:
            with self._client() as client:
                answer = client.get(self._url(entry, SUMS_NAME))
        except httpx.HTTPError as err:
            raise SourceError(f"{self.name} cannot be reached", detail=repr(err)) from err
        try:
            self._check(answer)
        except AbsentError:
            return None
        return answer.text

    def spare_bytes(self, file: ModelFile) -> int:  # noqa: ARG002 -- other sources need the file
        """Return 0: a download needs no more than the file."""
        return 0

    def _url(self, entry: ModelEntry, name: str) -> str:
        return f"{self._base}/{quote(key(entry, name))}"

    def _client(self) -> httpx.Client:
        # Compressed answers would make ranges meaningless.
        return httpx.Client(timeout=_TIMEOUT, follow_redirects=True, headers={"Accept-Encoding": "identity"})

    def _receive(self, client: httpx.Client, url: str, partial: Partial, report: Report) -> None:
        head = client.head(url)
        self._check(head)
        tag = head.headers.get("etag") or head.headers.get("last-modified") or ""
        total = int(head.headers.get("content-length", 0))
        if not total:
            partial.discard()
        start = partial.resume(f"{url} {tag} {total}")
        if total and start == total:
            return
        with client.stream("GET", url, headers={"Range": f"bytes={start}-"} if start else {}) as answer:
            self._check(answer)
            if start and answer.status_code != HTTPStatus.PARTIAL_CONTENT:
                partial.discard()
                partial.resume(f"{url} {tag} {total}")
            partial.append(answer.iter_raw(), report)

    def _check(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            raise AbsentError(f"{self.name} does not hold it")
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise SourceError(f"{self.name} refuses to give it", detail=f"status {status}")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise _ServerBusyError(f"{self.name} is not able to answer now", detail=f"status {status}")
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise SourceError(f"{self.name} gives an answer that is not the file", detail=f"status {status}")


class _ServerBusyError(SourceError):
    """The server may answer when asked again."""
