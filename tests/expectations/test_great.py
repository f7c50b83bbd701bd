"""Great Expectations is imported in a thread, and the work beside it goes on."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

BESIDE = """
import sys
import sqlalchemy
from expectations import great

sys.setswitchinterval(1e-4)
thread = great.load_beside()
while thread.is_alive():
    sqlalchemy.inspect(object(), raiseerr=False)  # what SQLAlchemy does with every value that it is given
"""


def test_what_works_with_sqlalchemy_meanwhile_meets_no_half_of_it() -> None:
    run = subprocess.run([sys.executable, "-c", BESIDE], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.slow
def test_a_plain_import_loads_what_is_seldom_used() -> None:
    """What is borrowed from other libraries keeps that out: ``test_costs`` sees that it does."""
    code = "import sys; from expectations import great; great.load(); print('scipy.stats._stats_py' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "CAUSERIE_PLAIN": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "True"
