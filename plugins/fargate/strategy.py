"""The deployment's own ``capacityProviderStrategy``, for tasks that ask for none."""

import ast
from typing import Any

from fargate import executor_config
from fargate.request import IllegalConfig
from fargate.settings import IllegalSetting

NAME = "capacityProviderStrategy"
EXAMPLE = '[{"capacityProvider": "FARGATE_SPOT", "weight": 1}]'


def parsed(base: dict[str, Any]) -> dict[str, Any]:
    """Return arguments of RunTask with their strategy as a list; the provider leaves Airflow's option a text.

    The text is JSON, or a list as the provider's documentation has it, with single quotes.

    :raises IllegalSetting: naming the option, the value and an example
    """
    if NAME not in base:
        return base
    given = base[NAME]
    option = "capacity_provider_strategy" if isinstance(given, str) else "run_task_kwargs"
    try:
        strategy = ast.literal_eval(given) if isinstance(given, str) else given
        executor_config.check_strategy({NAME: strategy})
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        why = f" ({error})" if isinstance(error, IllegalConfig) else ""
        raise IllegalSetting(f"[aws_ecs_executor] {option} is {given!r}{why}: it is such as {EXAMPLE}") from None
    return {**base, NAME: strategy}
