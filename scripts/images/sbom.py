"""The list of what is in an image, as CycloneDX: the packages of its environment and of Debian."""

import json
import subprocess
from typing import Any

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

# run in the image: what is installed, whatever a list says
INSTALLED = """
import json, platform, re
from importlib.metadata import distributions
INSTALLED = "install ok installed"
status = open("/var/lib/dpkg/status").read().split("\\n\\n")
found = [dict(re.findall(r"^(Package|Version|Architecture|Status): (.*)$", entry, re.M)) for entry in status]
release = dict(line.strip().split("=", 1) for line in open("/etc/os-release") if "=" in line)
print(json.dumps({
    "python": [platform.python_version()],
    "pypi": sorted([d.metadata["Name"], d.version] for d in distributions()),
    "deb": sorted([e["Package"], e["Version"], e["Architecture"]] for e in found if e.get("Status") == INSTALLED),
    "distro": release["VERSION_CODENAME"],
}))
"""


def of(image: str, digest: str) -> str:
    command = ["docker", "run", "--rm", "--interactive", image, "python", "-I", "-"]
    result = subprocess.run(command, input=INSTALLED, capture_output=True, text=True, check=True)
    return listed(json.loads(result.stdout), digest)


def listed(installed: dict[str, Any], digest: str) -> str:
    """Return the list as JSON."""
    bom = Bom(components=[*pypi(installed["pypi"]), *debian(installed["deb"], installed["distro"])])
    (python,) = installed["python"]
    bom.components.add(component("cpython", python, PackageURL("generic", None, "cpython", python)))
    bom.metadata.component = Component(name="airflow-on-fargate", version=digest, type=ComponentType.CONTAINER)
    bom.register_dependency(bom.metadata.component, bom.components)
    return str(JsonV1Dot6(bom).output_as_string(indent=1))


def pypi(packages: list[list[str]]) -> list[Component]:
    return [component(name, version, PackageURL("pypi", None, name.lower(), version)) for name, version in packages]


def debian(packages: list[list[str]], distro: str) -> list[Component]:
    return [
        component(name, version, PackageURL("deb", "debian", name, version, {"arch": architecture, "distro": distro}))
        for name, version, architecture in packages
    ]


def component(name: str, version: str, purl: PackageURL) -> Component:
    return Component(name=name, version=version, purl=purl, bom_ref=purl.to_string())
