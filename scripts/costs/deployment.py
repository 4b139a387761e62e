"""The deployment that is paid for, as Terraform's variables describe it."""

from pathlib import Path
from typing import Any

from scripts.preflights.tfvars import read

# the option of scripts/cost -> the variable of infra/
VARIABLES = {
    "region": "region",
    "zones": "zone_count",
    "nat_mode": "nat_mode",
    "architecture": "architecture",
    "hosts": "host_count",
    "host_type": "host_instance_type",
    "host_disk_gb": "host_disk_gb",
    "database_class": "database_instance_class",
    "database_gb": "database_storage_gb",
    "multi_az": "database_multi_az",
    "log_days": "log_retention_days",
}
REGION = "us-east-1"  # the variable has no default


def options(file: Path | None = None) -> dict[str, Any]:
    """Return options as the variables' defaults and a .tfvars file have them."""
    values = read(file)
    found = {option: values[variable] for option, variable in VARIABLES.items()}
    return {
        **found,
        "region": REGION if found["region"] is ... else found["region"],
        "cpu": values["worker_cpu"] / 1024,
        "memory": values["worker_memory"] / 1024,
        "endpoints": len(values["interface_endpoints"]),
    }
