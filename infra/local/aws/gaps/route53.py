"""Route 53: a zone that is made for a VPC is private, whether or not its configuration says so.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
"""

from moto.core.responses import ActionResult
from moto.route53.responses import Route53


def close() -> None:
    create = Route53.create_hosted_zone

    def create_hosted_zone(response: Route53) -> ActionResult:
        result = create(response).result
        vpc = response._get_param("VPC.VPCId")
        if vpc and not result["HostedZone"].private_zone:
            result["HostedZone"].private_zone = True
            result["HostedZone"].add_vpc(vpc, response._get_param("VPC.VPCRegion"))
        return ActionResult(result)

    Route53.create_hosted_zone = create_hosted_zone
