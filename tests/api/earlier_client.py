"""A client of earlier installations, written from the description of their API alone."""

from typing import Any

import httpx

STEPS = ["transcript_review", "summary_review", "violations_review", "fir_narrative_review", "final_review"]
Body = dict[str, Any]


class EarlierClient:
    """Knows the paths, fields and statuses of the old API and nothing else of the program."""

    def __init__(self, address: str, key: str) -> None:
        self._http = httpx.Client(base_url=address, headers={"X-API-Key": key}, timeout=580)

    def close(self) -> None:
        self._http.close()

    def process_text(self, text: str) -> Body:
        return self._processed(self._http.post("/process", data={"text": text}))

    def process_file(self, field: str, name: str, data: bytes, media_type: str) -> Body:
        return self._processed(self._http.post("/process", files={field: (name, data, media_type)}))

    def validate(self, session: str, *, approved: bool = True, **more: Any) -> Body:
        body = {"session_id": session, "approved": approved, **more}
        answer = self._ok(self._http.post("/validate", json=body))
        fields = {"success", "session_id", "current_step", "content", "message", "requires_validation", "completed"}
        assert fields <= set(answer)
        return answer

    def regenerate(self, session: str, step: str, user_input: str) -> Body:
        params = {"step": step, "user_input": user_input}
        answer = self._ok(self._http.post(f"/regenerate/{session}", params=params))
        assert {"success", "session_id", "step", "content", "message"} <= set(answer)
        return answer

    def status(self, session: str) -> Body:
        answer = self._ok(self._http.get(f"/session/{session}/status"))
        assert {
            "session_id",
            "status",
            "current_step",
            "awaiting_validation",
            "created_at",
            "last_activity",
        } <= set(answer)
        return answer

    def authenticate(self, number: str, key: str) -> httpx.Response:
        return self._http.post("/authenticate", json={"fir_number": number, "auth_key": key})

    def fir(self, number: str, part: str = "") -> Body:
        answer = self._ok(self._http.get(f"/fir/{number}{part}"))
        assert {"fir_number", "status", "created_at", "finalized_at"} <= set(answer)
        return answer

    def list_firs(self) -> Body:
        answer = self._ok(self._http.get("/list_firs", params={"limit": 5, "offset": 0}))
        assert {"records", "limit", "offset", "count"} <= set(answer)
        return answer

    def page(self, path: str) -> str:
        answer = self._http.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        return answer.text

    def get(self, path: str) -> Body:
        return self._ok(self._http.get(path))

    def side(self, path: str, field: str, name: str, data: bytes, media_type: str) -> Body:
        return self._ok(self._http.post(path, files={field: (name, data, media_type)}))

    def _processed(self, answer: httpx.Response) -> Body:
        body = self._ok(answer)
        fields = {"success", "session_id", "fir_number", "fir_content", "error", "steps", "requires_validation"}
        assert fields | {"current_step", "content_for_validation"} <= set(body)
        assert body["success"], body["error"]
        assert (body["fir_number"], body["fir_content"], body["error"]) == (None, None, None)
        assert (body["requires_validation"], body["current_step"]) == (True, "transcript_review")
        return body

    @staticmethod
    def _ok(answer: httpx.Response) -> Body:
        assert answer.status_code == 200, answer.text
        assert {"x-ratelimit-limit", "x-ratelimit-window"} <= set(answer.headers)
        body: Body = answer.json()
        return body
