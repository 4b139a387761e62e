"""In which form the tests run: the quick one, or with TESTS=full the one that also takes what is slow.

The quick form leaves out or shortens repetitions and controls, never what a promise rests on.
"""

import os

FULL = os.environ.get("TESTS") == "full"
