"""A network in which a host reaches AWS and nothing else, of two namespaces of this machine."""

import json
import subprocess
from pathlib import Path

HOST, AWS, METADATA = "10.99.0.2", "10.99.0.1", "169.254.169.254"
COMMANDS = """
    netns add {host}
    netns add {aws}
    link add cable netns {host} type veth peer name cable netns {aws}
    link add elsewhere netns {host} type veth peer name elsewhere netns {aws}
    -n {host} link set lo up
    -n {aws} link set lo up
    -n {host} address add {HOST}/24 dev cable
    -n {aws} address add {AWS}/24 dev cable
    -n {aws} address add {METADATA}/32 dev cable
    -n {host} link set cable up
    -n {aws} link set cable up
    -n {aws} link set elsewhere up
    -n {host} link set elsewhere arp off up
    -n {host} route add {METADATA} via {AWS}
    -n {host} route add default dev elsewhere
"""


class Network:
    """What the host sends to anybody else goes out of the link ``elsewhere``, is counted, and arrives nowhere."""

    def __init__(self, name: str) -> None:
        self.host, self.aws = f"{name}-host", f"{name}-aws"

    @property
    def path(self) -> Path:
        return Path("/run/netns", self.host)

    def up(self) -> None:
        lines = COMMANDS.format(host=self.host, aws=self.aws, HOST=HOST, AWS=AWS, METADATA=METADATA)
        for line in filter(None, map(str.strip, lines.splitlines())):
            _ip(*line.split())
            if line.startswith("netns add"):  # it would look for routers by itself
                off = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"
                subprocess.run([*self.inside(line.split()[-1]), "sh", "-c", f"{off} 2>/dev/null || true"], check=True)

    def down(self) -> None:
        for name in (self.host, self.aws):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)

    def elsewhere(self) -> int:
        """Return how many packets the host has sent to anybody else than AWS."""
        (link,) = json.loads(_ip("-n", self.host, "-s", "-j", "link", "show", "elsewhere"))
        return int(link["stats64"]["tx"]["packets"])

    @staticmethod
    def inside(namespace: str) -> list[str]:
        return ["ip", "netns", "exec", namespace]


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout
