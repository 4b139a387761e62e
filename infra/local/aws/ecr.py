"""ECR in front of a real registry: its login, and the calls on images that lie there.

moto's own ECR knows only the images that were put into it through its API. With a registry named,
repositories have their address there, its password is that of GetAuthorizationToken, and what is
pushed, tagged and deleted is one and the same for ``docker`` and for the API.

The registry is Docker's (distribution), with the user AWS; it lists no image that has no tag.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ecr.exceptions import ImageAlreadyExistsException, ImageNotFoundException
from moto.ecr.responses import ECRResponse as Ecr

from infra.local.aws.registry import Manifest, Registry

NOT_FOUND = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
TOKEN_HOURS = 12


class ImageTagAlreadyExistsException(ServiceException):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html"""

    code = "ImageTagAlreadyExistsException"


class EcrApi:
    """The calls on images. ``install`` puts them in the place of moto's."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._moto = dict(vars(Ecr))

    def install(self) -> None:
        for name in (name for name in vars(EcrApi) if name in self._moto and not name.startswith("_")):
            own = getattr(self, name)
            setattr(Ecr, name, lambda response, own=own: ActionResult(own(response)))

    def get_authorization_token(self, response: Ecr) -> dict[str, Any]:
        answer: dict[str, Any] = self._moto["get_authorization_token"](response).result
        there = {"proxyEndpoint": f"https://{self.registry.host}", "expiresAt": _in(TOKEN_HOURS)}
        return {"authorizationData": [entry | there for entry in answer["authorizationData"]]}

    def create_repository(self, response: Ecr) -> dict[str, Any]:
        answer: dict[str, Any] = self._moto["create_repository"](response).result
        answer["repository"].uri = f"{self.registry.host}/{answer['repository'].name}"
        return answer

    def describe_images(self, response: Ecr) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html"""
        repository, tags = _repository(response), self._tags(response)
        wanted = response._get_param("imageIds") or [{"imageDigest": digest} for digest in sorted(set(tags.values()))]
        return {"imageDetails": [_detail(self._known(repository, one), repository, tags) for one in wanted]}

    def list_images(self, response: Ecr) -> dict[str, Any]:
        return {"imageIds": [{"imageTag": tag, "imageDigest": digest} for tag, digest in self._tags(response).items()]}

    def batch_get_image(self, response: Ecr) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html"""
        repository, images, failures = _repository(response), [], []
        for one in response._get_param("imageIds"):
            found = self.registry.manifest(repository, _reference(one))
            if found:
                images.append(_image(found, repository, one.get("imageTag")))
            else:
                failures.append({"imageId": one, **NOT_FOUND})
        return {"images": images, "failures": failures}

    def put_image(self, response: Ecr) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html"""
        repository, tag = _repository(response), response._get_param("imageTag")
        given = Manifest.of(response._get_param("imageManifest"), response._get_param("imageManifestMediaType"))
        there = self.registry.manifest(repository, tag or given.digest)
        stored = response.ecr_backend._get_repository(repository)
        if there and there.digest == given.digest:
            raise ImageAlreadyExistsException(repository, stored.registry_id, given.digest, tag)
        if there and stored.is_tag_immutable():
            raise ImageTagAlreadyExistsException(
                f"The image tag '{tag}' already exists in the '{repository}' repository"
            )
        self.registry.put(repository, tag or given.digest, given)
        return {"image": _image(given, repository, tag)}

    def batch_delete_image(self, response: Ecr) -> dict[str, Any]:
        """A digest goes with all its tags. A tag alone cannot go: the registry has no such call.

        https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
        """
        repository, tags, gone, failures = _repository(response), self._tags(response), [], []
        for one in response._get_param("imageIds"):
            digest = one.get("imageDigest")
            if not digest:
                raise NotImplementedError("the emulated ECR deletes images by digest only")
            if self.registry.delete(repository, digest):
                gone += [{"imageDigest": digest, "imageTag": tag} for tag in tags if tags[tag] == digest] or [one]
            else:
                failures.append({"imageId": one, **NOT_FOUND})
        return {"imageIds": gone, "failures": failures}

    def _tags(self, response: Ecr) -> dict[str, str]:
        return self.registry.tags(_repository(response))

    def _known(self, repository: str, image_id: dict[str, str]) -> Manifest:
        found = self.registry.manifest(repository, _reference(image_id))
        if not found:
            raise ImageNotFoundException(image_id=str(image_id), repository_name=repository, registry_id="")
        return found


def _repository(response: Ecr) -> str:
    """Return the name of the repository that a call is about, or raise ECR's error when there is none."""
    name: str = response._get_param("repositoryName")
    response.ecr_backend._get_repository(name, response._get_param("registryId"))
    return name


def _reference(image_id: dict[str, str]) -> str:
    return image_id.get("imageDigest") or image_id["imageTag"]


def _image(manifest: Manifest, repository: str, tag: str | None) -> dict[str, Any]:
    image_id = {"imageDigest": manifest.digest, **({"imageTag": tag} if tag else {})}
    told = {"imageManifest": manifest.text, "imageManifestMediaType": manifest.media_type}
    return {"repositoryName": repository, "imageId": image_id, **told}


def _detail(manifest: Manifest, repository: str, tags: dict[str, str]) -> dict[str, Any]:
    mine = [tag for tag, digest in tags.items() if digest == manifest.digest]
    detail = {
        "repositoryName": repository,
        "imageDigest": manifest.digest,
        "imageSizeInBytes": manifest.size,
        "imageManifestMediaType": manifest.media_type,
    }
    return detail | ({"imageTags": mine} if mine else {})


def _in(hours: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)
