"""What each role of infra/ may do: every action that it has, beside what it must not be able to do.

A role that is not here, or an action that is not in its table, fails the test.
"""

from tests.infra.iam.rights import Right
from tests.infra.iam.tables import ci, host, host_data, services, tasks

RIGHTS: dict[str, list[Right]] = {
    "execution": tasks.EXECUTION,
    'task["default"]': [*tasks.EVERY_TASK, *tasks.LAKE],
    'task["reader"]': [*tasks.EVERY_TASK, *tasks.LAKE_READER],
    'task["writer"]': [*tasks.EVERY_TASK, *tasks.LAKE_WRITER],
    'task["nothing"]': tasks.EVERY_TASK,
    'task["extra"]': [*tasks.EVERY_TASK, *tasks.EXTRA],
    "host": [*host.TASKS, *host_data.DATA, *host_data.BEING_A_HOST],
    "ci_deploy": ci.DEPLOY,
    "ci_plan": ci.PLAN,
    "execution_api_record": services.RECORD,
    "execution_api_events": services.EVENTS,
    "flow_logs": services.FLOW_LOGS,
}
# role: what it must never do, whatever the circumstances
NEVER: dict[str, list[tuple[str, str]]] = {
    "execution": tasks.NEVER_EXECUTION,
    'task["default"]': tasks.NEVER,
    'task["reader"]': [*tasks.NEVER, *tasks.NEVER_READER],
    'task["writer"]': [*tasks.NEVER, *tasks.NEVER_WRITER],
    'task["nothing"]': [*tasks.NEVER, *tasks.NEVER_READER, *tasks.NEVER_WRITER],
    'task["extra"]': [*tasks.NEVER, *tasks.NEVER_READER, *tasks.NEVER_WRITER],
    "host": host.NEVER,
    "ci_deploy": ci.NEVER_DEPLOY,
    "ci_plan": ci.NEVER_PLAN,
    "execution_api_record": services.NEVER,
    "execution_api_events": services.NEVER,
    "flow_logs": services.NEVER,
}
