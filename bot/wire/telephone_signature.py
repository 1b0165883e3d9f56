"""What proves that a request is Twilio's: its documented signature of the address and the fields of the form.

Made here: of Twilio's own library, which is 50 MB installed, nothing else would be used.
"""

import base64
import hmac
from urllib.parse import urlsplit

from multidict import MultiMapping

USUAL_PORTS = {"https": 443, "http": 80}


def signature(token: str, address: str, form: MultiMapping[str]) -> str:
    """HMAC-SHA1 of the address and then each field's name and value, by name and value, each once; in Base64."""
    fields = sorted(set(form.items()))
    signed = address + "".join(name + value for name, value in fields)
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


def is_signed(token: str, address: str, form: MultiMapping[str], given: str) -> bool:
    """Twilio signs some requests for the address with its port and some without, whichever it was told."""
    expected = [signature(token, written, form).encode() for written in _ways_to_write(address)]
    return any(hmac.compare_digest(one, given.encode("utf-8", "replace")) for one in expected)


def _ways_to_write(address: str) -> tuple[str, str]:
    """Without a port, and with one."""
    parts = urlsplit(address)
    host = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or USUAL_PORTS[parts.scheme]
    return parts._replace(netloc=host).geturl(), parts._replace(netloc=f"{host}:{port}").geturl()
