"""Who signed a message of Amazon SNS: RSA with PKCS #1 v1.5, by the key of a certificate.

A module of its own because its library takes longer to load than all sources together: whoever gets nothing from SNS
does without.
"""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

# By the `SignatureVersion`. SHA-1 is what Amazon uses unless a topic asks for 2: who forges one needs a message that
# Amazon signs for them, with the same hash as another one.
HASHES = {"1": SHA1, "2": SHA256}


def is_signed_by(certificate: bytes, version: str, signed: bytes, signature: bytes) -> bool:
    """`certificate` in PEM. False also for a version, a certificate or a key that is not of the kinds Amazon uses."""
    if version not in HASHES:
        return False
    try:
        key = load_pem_x509_certificate(certificate).public_key()
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(signature, signed, PKCS1v15(), HASHES[version]())
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        return False
    return True
