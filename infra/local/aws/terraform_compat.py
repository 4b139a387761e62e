"""moto's gaps that let Terraform's provider fail, or see a change where there is none.

Proof of shape only: with them, no call is authorized against IAM, and nothing but ECS runs.
"""

import os

from infra.local.aws.gaps import (
    autoscaling,
    budgets,
    instances,
    kms,
    launch_templates,
    rds,
    route53,
    s3,
    security_groups,
    step_functions,
)

GAPS = (autoscaling, budgets, instances, kms, launch_templates, rds, route53, s3, security_groups, step_functions)


def install() -> None:
    """Close all gaps, for the whole process."""
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # AmazonSSMManagedInstanceCore and the like
    for gap in GAPS:
        gap.close()
