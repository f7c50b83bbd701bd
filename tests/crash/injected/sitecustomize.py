"""What Python runs at its start when this folder is on its path: every process of a run under test is listened to.

Here: one call. Not here: what it does (``tests.crash.effects``).
"""

from tests.crash.effects import install

install()
