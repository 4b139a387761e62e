"""What a run did, in one sentence for the person who started it."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

log = logging.getLogger(__name__)


def tell(loaded: Mapping[str, Iterable[dict[str, Any]] | None], written: dict[str, Any] | None) -> str:
    """Return and log the sentence.

    :param loaded: what the tasks of each size returned; None where none ran
    :param written: what ``report.write`` returned; None when it did not run
    """
    results = [result for results in loaded.values() for result in results or ()]
    if results:
        rows, changed = (sum(result[name] for result in results) for name in ("rows", "changed"))
        partitions = sum(len(result["months"]) for result in results)
        carriers = "1 carrier" if len(results) == 1 else f"{len(results)} carriers"
        text = f"{carriers}, {rows:,} flights: {changed} of {partitions} partitions changed"
        text += f", report {'changed' if written and written['changed'] else 'as it was'}."
    else:
        text = "Nothing new: the raw files are those that were loaded before, and nothing was changed."
    log.info(text)
    return text
