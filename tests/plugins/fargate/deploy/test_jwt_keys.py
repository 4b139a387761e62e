"""Airflow's own generator and validator, with what a colour's containers get."""

import json
from pathlib import Path

import jwt
import pytest
from airflow.api_fastapi.auth import tokens

from fargate.deploy import jwt_keys, secret_values

OLD, NEW = "old" * 30, "new" * 30


def validator(monkeypatch: pytest.MonkeyPatch, folder: Path, *known: str) -> tokens.JWTValidator:
    """Return the validator of an api-server that knows these secrets."""
    file = folder / f"{len(known)}.json"
    file.write_text(json.dumps(jwt_keys.jwks(list(known))))
    monkeypatch.setenv("AIRFLOW__API_AUTH__TRUSTED_JWKS_URL", str(file))
    return tokens.JWTValidator(audience="test", **tokens.get_sig_validation_args())


def token(monkeypatch: pytest.MonkeyPatch, secret: str) -> str:
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", secret)
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_KID", jwt_keys.kid(secret))
    return tokens.JWTGenerator(valid_for=60, audience="test", **tokens.get_signing_args()).generate({"sub": "task"})


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_both_are_known_while_they_are_rotated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secret: str) -> None:
    made = token(monkeypatch, secret)
    assert validator(monkeypatch, tmp_path, NEW, OLD).validated_claims(made)["sub"] == "task"


def test_the_old_one_is_refused_afterwards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = token(monkeypatch, OLD)
    with pytest.raises(jwt.InvalidTokenError, match="Kid did not match"):
        validator(monkeypatch, tmp_path, NEW).validated_claims(made)


def test_a_forged_token_of_a_known_name_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jwt_keys, "kid", lambda _: "same")
    made = token(monkeypatch, OLD)
    with pytest.raises(jwt.InvalidSignatureError):
        validator(monkeypatch, tmp_path, NEW).validated_claims(made)


def test_a_colour_signs_with_the_first(secrets: dict[str, str]) -> None:
    secrets["test/jwt-secret"] = f"{NEW},{OLD}"
    files = secret_values.files()
    lines = files["secrets.env"].splitlines()
    assert f"AIRFLOW__API_AUTH__JWT_SECRET='{NEW}'" in lines
    assert f"AIRFLOW__API_AUTH__JWT_KID='{jwt_keys.kid(NEW)}'" in lines
    assert [key["kid"] for key in json.loads(files["jwks.json"])["keys"]] == [jwt_keys.kid(NEW), jwt_keys.kid(OLD)]
