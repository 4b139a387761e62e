"""What the emulator's containers have in common."""

from dataclasses import dataclass, field
from pathlib import Path

FOLDER, NETWORK = "infra.local.aws.folder", "infra.local.aws.network"
PASSWORD = "123456789012-auth-token"  # of the user AWS, which moto's GetAuthorizationToken gives to whoever asks


@dataclass(frozen=True)
class Settings:
    """``folder`` tells an emulator's containers and networks from another's on the same engine.

    ``passwords`` are those of the user AWS, by registry; ``hosts`` are NAME:ADDRESS, what the resolver of
    the VPC would say of a private zone.
    """

    folder: Path
    network: str
    passwords: dict[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        return {FOLDER: str(self.folder)}
