"""Verifies that a request is Twilio's, by its documented signature of the URL and the form's fields.

Implemented here because Twilio's own library takes 50 MB installed, and nothing else of it would be used.
"""

import base64
import hmac
from urllib.parse import urlsplit

from multidict import MultiMapping

USUAL_PORTS = {"https": 443, "http": 80}


def signature(token: str, address: str, form: MultiMapping[str]) -> str:
    """HMAC-SHA1 of the address and each field's name and value, sorted, without duplicates; in Base64."""
    fields = sorted(set(form.items()))
    signed = address + "".join(name + value for name, value in fields)
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


def is_signed(token: str, address: str, form: MultiMapping[str], given: str) -> bool:
    """Tries both forms of the address, because Twilio signs some requests with the port and some without."""
    expected = [signature(token, written, form).encode() for written in _ways_to_write(address)]
    return any(hmac.compare_digest(one, given.encode("utf-8", "replace")) for one in expected)


def _ways_to_write(address: str) -> tuple[str, str]:
    """Without a port, and with one."""
    parts = urlsplit(address)
    host = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or USUAL_PORTS[parts.scheme]
    return parts._replace(netloc=host).geturl(), parts._replace(netloc=f"{host}:{port}").geturl()
