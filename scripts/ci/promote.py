"""Give another environment's registry the image that was built, as it is: the same digest.

usage: scripts/ci/promote ENVIRONMENT [IMAGE]     IMAGE is REPOSITORY@sha256:…, as the job build gave it

IMAGE_ENVIRONMENT is the environment whose role may read it (staging).
"""

import os
import sys

from scripts.ci import identity, registry
from scripts.ci.place import Place
from scripts.ci.stop import Stop, told


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2 or arguments[0] in ("-h", "--help"):
        print((__doc__ or "").strip())
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    image = arguments[1] if len(arguments) > 1 else os.environ.get("IMAGE", "")
    return told(lambda: promote(arguments[0], image))


def promote(environment: str, image: str) -> None:
    if "@" not in image:
        raise Stop(2, f"IMAGE is {image!r}: it should be REPOSITORY@sha256:…, as the job build gave it")
    wanted, target = registry.digest(image), Place.read(environment)
    repository = os.environ.get("IMAGE_REPOSITORY") or target.repository
    if image == f"{repository}@{wanted}":
        print(f"==> {image} is {environment}'s own")
        return
    source = Place.read(os.environ.get("IMAGE_ENVIRONMENT") or "staging")
    with identity.role(source.role("ci-deploy"), source.region):
        registry.login(image)
        registry.docker("pull", "--quiet", image)
    with identity.role(target.role("ci-deploy"), target.region):
        registry.login(repository)
        name = f"{repository}:build-{wanted.removeprefix('sha256:')[:12]}"
        registry.tag(image, name)
        if (found := registry.copied(name)) != wanted:
            raise Stop(
                5, f"{name} is {found}, not {wanted}: does the engine keep images in containerd's store, as they are?"
            )
    print(f"==> {repository}@{wanted}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
