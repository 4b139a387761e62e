"""Take out of an environment what no process of Airflow reads. Run by docker/Dockerfile.

usage: slim.py VENV
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
# what only a compiler, a type checker or a debugger reads
FILES = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.cc", "*.cpp", "*.h", "*.hpp", "*.map", "*.a")
# Airflow's, SQLAlchemy's and Alembic's folders of this name are imported by what runs
TESTS, NEEDED_TESTS = ("tests", "test", "testing"), ("airflow", "alembic", "sqlalchemy")
LOCALES = ("root", "en", "en_*", "ko", "ko_*")  # Airflow's login page is in English; what a house reads comes beside it


def main(venv: Path) -> None:
    (packages,) = venv.glob("lib/python*/site-packages")
    for step in (services, tests, files, locales, symbols):
        before = size(venv)
        step(packages)
        print(f"{step.__name__}: {(before - size(venv)) / 1e6:.1f} MB less")


def services(packages: Path) -> None:
    """Leave botocore the services of aws-services.txt."""
    lines = (line.strip() for line in (HERE / "aws-services.txt").read_text().splitlines())
    kept = {line for line in lines if line and not line.startswith("#")}
    data = packages / "botocore" / "data"
    if unknown := kept - {path.name for path in data.iterdir()}:
        sys.exit(f"aws-services.txt names what botocore does not have: {', '.join(sorted(unknown))}")
    remove(path for path in data.iterdir() if path.is_dir() and path.name not in kept)


def tests(packages: Path) -> None:
    remove(
        path
        for name in TESTS
        for path in packages.rglob(name)
        if path.is_dir() and path.relative_to(packages).parts[0] not in NEEDED_TESTS
    )


def files(packages: Path) -> None:
    remove(path for pattern in FILES for path in packages.rglob(pattern) if path.is_file())


def locales(packages: Path) -> None:
    data = packages / "babel" / "locale-data"
    remove(path for path in data.glob("*.dat") if not any(path.match(f"{name}.dat") for name in LOCALES))


def symbols(packages: Path) -> None:
    """Strip what only a debugger reads from compiled libraries."""
    libraries = [path for path in packages.rglob("*.so*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    subprocess.run(["strip", "--strip-unneeded", *libraries], check=True)


def remove(paths: Iterator[Path]) -> None:
    for path in list(paths):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
