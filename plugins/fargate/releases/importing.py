"""Which classes can be imported with the code of a release: ``python -m fargate.releases.importing RELEASE CLASS …``.

Prints one line of JSON: the error of each that cannot. A process of its own, since it changes what is imported.
"""

import json
import sys


def main(arguments: list[str]) -> None:
    from airflow._shared.module_loading import import_string

    from fargate.bundle import run_as

    release, *classpaths = arguments
    run_as(release or None)
    errors = {}
    for classpath in classpaths:
        try:
            import_string(classpath)
        except Exception as error:
            errors[classpath] = f"{type(error).__name__}: {error}"
    print("\n" + json.dumps(errors), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
