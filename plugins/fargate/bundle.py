"""The DAGs of this deployment as a bundle of Airflow's, versioned by release."""

from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.base import BaseDagBundle, BundleVersion, get_bundle_version_path

from fargate import settings
from fargate.releases import archive, code

NAME = "dags-folder"  # as DAG_BUNDLE_CONFIG_LIST in docker/airflow.env names it


class ReleaseBundle(BaseDagBundle):
    """The DAGs folder. With FARGATE_RELEASE it is that version, and other versions are fetched from S3.

    A run keeps the version that it started with. Without FARGATE_RELEASE there are no versions, and a
    file that changes counts at once.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._release = settings.release()
        self.supports_versioning = self._release is not None

    @property
    def path(self) -> Path:
        from airflow import settings as airflow_settings

        own = Path(airflow_settings.DAGS_FOLDER)
        return release_folder(self._other) / archive.DAGS if self._other else own

    @property
    def _other(self) -> str | None:
        """The version, where it is another one than this release."""
        return self.version if self.version != self._release else None

    def get_current_version(self) -> BundleVersion | None:
        version = self.version or self._release
        return BundleVersion(version) if version and self.supports_versioning else None

    def refresh(self) -> None:
        """Nothing to do: a release never changes."""

    def initialize(self) -> None:
        """Fetch another release's code, once on this machine however many ask for it at a time."""
        if self._other:
            with self.lock():
                if not self.path.exists():
                    archive.fetch(self._other, release_folder(self._other))
        elif self._release:
            # what Airflow removes when a version was not used for long; without, it ends the scheduler
            release_folder(self._release).mkdir(parents=True, exist_ok=True)
        super().initialize()


def release_folder(release: str) -> Path:
    """Return where the code of another release is, once it was fetched."""
    return get_bundle_version_path(NAME, release)


def run_as(release: str | None) -> None:
    """Make this process, forked for one piece of work, run the code of a release.

    :raises MissingArchive: when it is not in S3
    """
    own = settings.release()
    if release and own and release != own:
        ReleaseBundle(name=NAME, version=release).initialize()
        code.use(release_folder(release))
