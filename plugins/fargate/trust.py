"""Whom a worker trusts: the public certificate authorities, and a private one that it is told of."""

import os
import tempfile

# The client of the Execution API loads this file beside the public authorities: airflow.sdk.api.client
SETTING = "AIRFLOW__API__SSL_CERT"


def execution_api(pem: str) -> None:
    """Have Airflow, which is yet to be imported, trust a private authority as well; none for an empty text.

    A task definition can hold a text but no file, and Airflow's client takes a file.
    """
    if not pem:
        return
    descriptor, path = tempfile.mkstemp(prefix="execution-api-ca-", suffix=".pem")
    with open(descriptor, "w") as file:
        file.write(pem)
    os.environ[SETTING] = path
