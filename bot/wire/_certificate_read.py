"""Reads certificates."""

from datetime import datetime

from cryptography.x509 import DNSName, ExtensionNotFound, IPAddress, SubjectAlternativeName, load_der_x509_certificate
from cryptography.x509.oid import NameOID


def read(shown: bytes) -> tuple[tuple[str, ...], str | None, datetime, datetime]:
    """Its subjects, issuer, start and end of validity. Raises ValueError for what is not a certificate."""
    certificate = load_der_x509_certificate(shown)
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
        whose = (*names.get_values_for_type(DNSName), *map(str, names.get_values_for_type(IPAddress)))
    except ExtensionNotFound:
        whose = ()
    by = [
        str(one.value)
        for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for one in certificate.issuer.get_attributes_for_oid(kind)
    ]
    return whose, next(iter(by), None), certificate.not_valid_before_utc, certificate.not_valid_after_utc
