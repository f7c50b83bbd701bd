"""What a candidate holds: rows and a checksum of each mart, so that a verdict is about exactly that.

Here: the names of the marts and their checksums; ``python -m expectations.contents FILE`` prints them as JSON. Not
here: whether the contents are good (``verdict``).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

MARTS = ("overview", "by_agent", "by_tag", "details")


def contents(candidate: Path) -> dict[str, list[str]]:
    """Of each mart the number of rows and a checksum over every value, whatever the order of the rows."""
    with duckdb.connect(str(candidate), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {
            mart: [
                str(value)
                for value in connection.execute(
                    f"select count(*), bit_xor(hash(mart)), sum(cast(hash(mart) as hugeint)) from {mart} as mart"
                ).fetchone()
                or ()
            ]
            for mart in MARTS
        }


if __name__ == "__main__":
    print(json.dumps(contents(Path(sys.argv[1]))))
