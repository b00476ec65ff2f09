"""The clients of AWS that deployment uses, and its errors as sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from afirgen.errors import DeploymentError

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure"})
_UNKNOWN = frozenset({"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"})


class Aws:
    """Lends one client for each service in one region. Credentials are those that AWS tools find."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    @cached_property
    def _session(self) -> Any:
        import boto3  # type: ignore[import-untyped]  # noqa: PLC0415 -- half a second, needed for AWS alone

        return boto3.Session(region_name=self.region)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn AWS's errors into one sentence; ``doing`` ends "AWS did not allow ...".

    Raises:
        DeploymentError: What AWS or the network answered, and what to do.
    """
    from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
    )

    try:
        yield
    except ClientError as err:
        raise DeploymentError(_sentence(err, doing), detail=str(err)) from err
    except (NoCredentialsError, PartialCredentialsError) as err:
        raise DeploymentError(
            "No AWS credentials were found. Sign in with `aws configure` or `aws sso login`."
        ) from err
    except NoRegionError as err:
        raise DeploymentError("No region is set. Give --region, such as ap-south-1.") from err
    except BotoCoreError as err:
        raise DeploymentError("AWS could not be reached. Check the network and the region.", detail=str(err)) from err


def _sentence(err: Any, doing: str) -> str:
    error = err.response.get("Error", {})
    code, message = str(error.get("Code", "")), str(error.get("Message", ""))
    if code in _EXPIRED:
        return "The AWS sign-in has expired. Sign in again and run the same command; it goes on from where it is."
    if code in _UNKNOWN:
        return "AWS does not know these credentials. Sign in with `aws configure` or `aws sso login`."
    if code in _REFUSED:
        return f"AWS did not allow {doing}. Ask for the right: {message}"
    return f"AWS refused {doing}: {message}"
