"""The S3 library, with its errors translated into ours.

Importing it takes a fifth as long as importing the whole bot: `s3` does so for the first client.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError
from urllib3.util.ssl_match_hostname import CertificateError

from bot.domain.backups.backup import Gone
from bot.domain.errors import Failed, Rejected, Unreachable
from bot.domain.saying import fit_to_show
from bot.settings import Settings
from bot.wire.certificates import causes_of, of_another_host, tls_error_in, tls_reason_at

CONNECT_TIMEOUT_S = 10
# Errors that may be temporary; all others are final.
PASSING = (
    "SlowDown",
    "InternalError",
    "ServiceUnavailable",
    "RequestTimeout",
    "Throttling",
    # Somebody else has written there since we looked.
    "PreconditionFailed",
    "ConditionalRequestConflict",
)
MISSING = ("NoSuchKey", "NotFound")


class _WebPage(BotoCoreError):  # type: ignore[misc]
    """A page for a browser, from something in front of S3: its status, even 200, is not S3's."""

    fmt = "a web page came instead of S3's answer, as a proxy sends"


def make_client(settings: Settings, *, answers_within_s: int, attempts: int) -> Any:
    """The client for the whole process. Blocks."""
    secret, token = settings.aws_secret_access_key, settings.aws_session_token
    # What is not set here is looked up where AWS's own programs look, such as the machine's role.
    session = boto3.Session(
        aws_access_key_id=settings.aws_access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        aws_session_token=token.get_secret_value() if token else None,
        region_name=settings.aws_region or settings.aws_default_region or _own_region(settings),
    )
    config = _config(settings, answers_within_s=answers_within_s, attempts=attempts)
    with translated("S3"):
        client = session.client("s3", endpoint_url=settings.s3_endpoint_url, config=config)
    client.meta.events.register_first("before-parse.s3", _must_be_s3s)
    return client


def _must_be_s3s(response_dict: Mapping[str, Any], **_: Any) -> None:
    """Rejects web pages; bodies that are streamed are checked by their checksum instead."""
    body = response_dict["body"]
    if isinstance(body, bytes) and body and response_dict["headers"].get("content-type", "").startswith("text/html"):
        raise _WebPage


def _own_region(settings: Settings) -> str | None:
    """A self-hosted store has no regions, but the signature needs one."""
    return "us-east-1" if settings.s3_endpoint_url else None


def _config(settings: Settings, *, answers_within_s: int, attempts: int) -> Config:
    """S3-compatible stores support neither S3's host names nor its newest checksums."""
    own: dict[str, Any] = {
        "s3": {"addressing_style": "path"},
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=answers_within_s,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        **(own if settings.s3_endpoint_url else {}),
    )


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Translates errors of S3 or its library into ours; none contains a key."""
    try:
        yield
    except ClientError as error:
        raise _refusal(place, error) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise Rejected(f"{place}: there is no access key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from error
    except (ParamValidationError, NoRegionError, ValueError) as error:
        raise Rejected(f"{place}: {fit_to_show(str(error))}") from error
    except ResponseParserError as error:
        raise Unreachable(f"{place}: an answer that is not S3's, as a proxy gives") from error
    except (BotoCoreError, OSError) as error:
        raise Unreachable(f"{place}: {_words(error)}") from error


def _refusal(place: str, error: ClientError) -> Failed:
    """Only an error code of S3's own counts. A proxy's page has none, so the library uses the HTTP status instead. It
    does so for HEAD too, whose responses have no body: there S3 itself can say no more than 404."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in MISSING or (code == "404" and error.operation_name.startswith("Head")):
        return Gone("its file has gone")
    if code == "NoSuchBucket":
        return Rejected(f"{place}: there is no such bucket", code)
    if not code or code.isdecimal():
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", code)
        return Unreachable(f"{place}: HTTP {status} without a word of S3's own, as a proxy answers")
    said = fit_to_show(str(error.response.get("Error", {}).get("Message", "")))
    words = f"{place} refused: {code}{f', {said}' if said and said != code else ''}"
    return Unreachable(words) if code in PASSING else Rejected(words, code)


def _words(error: Exception) -> str:
    """The library's message without the URL, which may contain a proxy's password."""
    compared = any(isinstance(one, CertificateError) for one in causes_of(error))
    if tls := of_another_host() if compared else tls_error_in(error):
        return tls_reason_at(tls, str(getattr(error, "kwargs", {}).get("endpoint_url", "")))
    return fit_to_show(str(error).partition(" URL: ")[0].partition(': "http')[0]) or type(error).__name__
