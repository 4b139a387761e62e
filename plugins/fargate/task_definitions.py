"""Task definitions: from the template to ECS, and out of ECS again when they are old."""

import json
from string import Template
from typing import Any


class IncompleteTemplate(KeyError):
    """A template of a task definition that names a value which nobody gave."""

    def __str__(self) -> str:
        return str(self.args[0])


def render(template: str, values: dict[str, str]) -> dict[str, Any]:
    """Fill a JSON template whose strings hold ``${NAME}``, as Terraform's templatefile() does.

    :returns: the keyword arguments of RegisterTaskDefinition
    :raises IncompleteTemplate: when the template names a value that is not in ``values``
    """
    escaped = {name: json.dumps(value)[1:-1] for name, value in values.items()}
    try:
        filled = Template(template).substitute(escaped)
    except KeyError as error:
        raise IncompleteTemplate(f"the task definition needs a value for {error.args[0]}") from None
    definition: dict[str, Any] = json.loads(filled)
    return definition
