"""Verifies the signature of an Amazon SNS message: RSA with PKCS #1 v1.5, by a certificate's key.

A module of its own because its library takes longer to load than all sources together; without SNS it is never loaded.
"""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

# By `SignatureVersion`. Amazon uses SHA-1 unless a topic asks for 2. To forge one, an attacker would have to get Amazon
# to sign a message with the same hash as another.
HASHES = {"1": SHA1, "2": SHA256}


def is_signed_by(certificate: bytes, version: str, signed: bytes, signature: bytes) -> bool:
    """`certificate` is in PEM. False also for versions, certificates and keys of kinds that Amazon doesn't use."""
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
