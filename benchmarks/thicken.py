"""A drop with more messages a conversation: to tell what grows with messages from what grows with conversations.

Here: repeating the messages of a drop's first batch. Not here: what is measured on it (``incremental``).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.drops import add_files, drops_of
from benchmarks.rows import records, text, write


def thicken(config: Path, times: int) -> None:
    """Have each message of the first batch of each source come ``times`` times, a second apart, under other ids."""
    for drop in drops_of(config).values():
        batch = min(path.parent for path in drop.glob("*/manifest.json"))
        for path in sorted(batch.glob("messages*")):
            rows = {}
            for copy in range(1, times):
                with duckdb.connect() as connection:
                    connection.execute("set TimeZone = 'UTC'")
                    connection.execute(f"set temp_directory = {text(drop / '.spill')}")
                    query = f"""
                        select * replace (
                            message_id || '-{copy}' as message_id, sent_at + to_seconds({copy}) as sent_at
                        )
                        from ({records([path], "messages")})
                        where conversation_id is not null and sent_at is not null and direction is not null
                    """
                    name = f"messages-copy{copy}-{path.name.partition('.')[0].rpartition('-')[2]}.ndjson.gz"
                    rows[name] = write(connection, query, batch / name, "messages")
            add_files(batch, rows)
