"""A repository as Amazon Linux 2023 has one in S3, with stand-ins for the packages that a host installs."""

import subprocess
from pathlib import Path

SPEC = """
Name: {name}
Version: 1
Release: 1
Summary: stands in for the package of Amazon Linux
License: none
BuildArch: noarch
AutoReqProv: no
%description
%install
cp -r {files}/. %{{buildroot}}/
%files
{listed}
"""
FILES = {
    "docker": {
        "usr/bin/docker": '#!/bin/sh\nexec echo docker "$@"\n',
        "lib/systemd/system/docker.service": (
            "[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
        ),
    },
    "amazon-ecr-credential-helper": {"usr/bin/docker-credential-ecr-login": "#!/bin/sh\n"},
    "openssl": {"usr/share/doc/openssl-stand-in": "the system has its own\n"},
}
# as in /etc/yum.repos.d/amazonlinux.repo, with the variables' values
MIRRORS = "core/mirrors/latest/x86_64/mirror.list"
REPOSITORY = "core/guids/0123456789abcdef/x86_64"


def bucket(region: str) -> str:
    return f"al2023-repos-{region}-de612dc2"


def address(region: str) -> str:
    return f"https://{bucket(region)}.s3.dualstack.{region}.amazonaws.com"


def repo_file(region: str) -> str:
    return f"[amazonlinux]\nname=Amazon Linux 2023\nmirrorlist={address(region)}/{MIRRORS}\nenabled=1\ngpgcheck=0\n"


def build(folder: Path, region: str) -> None:
    """Make the objects of the repositories' bucket below ``folder``."""
    repository = folder / REPOSITORY
    repository.mkdir(parents=True)
    for name, files in FILES.items():
        _package(name, files, repository.parent / "work" / name, repository)
    subprocess.run(["createrepo_c", "--quiet", repository], check=True, capture_output=True)
    mirrors = folder / MIRRORS
    mirrors.parent.mkdir(parents=True)
    mirrors.write_text(f"{address(region)}/{REPOSITORY}/\n")


def _package(name: str, files: dict[str, str], work: Path, repository: Path) -> None:
    for path, text in files.items():
        file = work / "files" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o644)
    spec = work / f"{name}.spec"
    spec.write_text(SPEC.format(name=name, files=work / "files", listed="\n".join(f"/{path}" for path in files)))
    defines = {"_topdir": str(work / "rpm"), "_rpmdir": str(repository), "_rpmfilename": "%{NAME}.rpm"}
    options = [part for define in defines.items() for part in ("--define", " ".join(define))]
    subprocess.run(["rpmbuild", "-bb", "--quiet", *options, str(spec)], check=True, capture_output=True)
