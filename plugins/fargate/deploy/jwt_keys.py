"""The secrets of tokens (JWT) as a set of keys, so that a token of the old one is known while the new one is used.

Airflow signs with ``[api_auth] jwt_secret`` and writes ``jwt_kid`` beside it; where ``trusted_jwks_url`` is
set it looks there for the key of that name (airflow.api_fastapi.auth.tokens). Keys are those of RFC 7518, 6.4.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256

ALGORITHM = "HS512"  # Airflow's for a secret


def jwks(secrets: list[str]) -> dict[str, list[dict[str, str]]]:
    """Return the JSON Web Key Set of some secrets."""
    kinds = {"kty": "oct", "use": "sig", "alg": ALGORITHM}
    return {"keys": [{**kinds, "kid": kid(secret), "k": _base64url(secret)} for secret in secrets]}


def kid(secret: str) -> str:
    """Return the name of a secret, which tokens carry: it does not tell the secret, whose bits are hundreds."""
    return sha256(f"jwt-secret:{secret}".encode()).hexdigest()[:16]


def _base64url(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
