"""A full pull from a Chatwoot on this machine: requests and rows a second, and the peak of memory.

    python benchmarks/live.py --conversations 100000 --messages 10

The server is a process of its own that makes its answers from their numbers, so that it costs little and keeps nothing;
both share the cores of the machine. Printed are the figures of ingesting alone (pull, landing, raw), not of the build.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

START = 1_760_000_000
TOKEN = "token-of-the-benchmark"


class Installation:
    """The answers of an account, by path."""

    def __init__(self, conversations: int, messages: int) -> None:
        self.conversations, self.messages, self.contacts = conversations, messages, max(1, conversations // 3)

    def answer(self, target: str) -> object:
        parts = urlsplit(target)
        steps, query = parts.path.split("/")[5:], dict(parse_qsl(parts.query))
        page = int(query.get("page", "1")) - 1
        if steps == ["conversations"]:
            first = self.conversations - page * 25
            rows = [self._conversation(number) for number in range(first, max(0, first - 25), -1)]
            return {"data": {"meta": {"all_count": self.conversations}, "payload": rows}}
        if steps == ["contacts"]:
            rows = [self._contact(number) for number in range(page * 15, min(self.contacts, page * 15 + 15))]
            return {"meta": {"count": self.contacts}, "payload": rows}
        if steps[0] == "contacts":
            return {"payload": ["vip"]}
        if steps[0] == "conversations" and steps[2] == "messages":
            number = int(steps[1])
            before = int(query.get("before", "9" * 15))
            numbers = [number * 1000 + nth for nth in range(self.messages)]
            rows = [self._message(number, one) for one in numbers if one < before][-20:]
            return {"meta": {}, "payload": rows}
        if steps[0] == "conversations":
            ended = START + int(steps[1]) * 60 + 900
            return [{"name": "conversation_resolved", "event_start_time": ended, "event_end_time": ended}]
        if steps == ["agents"]:
            return [{"id": number, "name": f"Agent {number}", "email": f"a{number}@x.example"} for number in range(20)]
        return []

    def _contact(self, number: int) -> dict[str, object]:
        return {"id": number, "name": f"Contact {number}", "phone_number": f"+33{number:09d}", "email": None}

    def _conversation(self, number: int) -> dict[str, object]:
        at = START + number * 60
        meta = {"sender": self._contact(number % self.contacts), "channel": "Channel::Whatsapp", "assignee": {"id": 3}}
        shown = {"id": number, "uuid": f"{number:032x}", "status": "resolved", "labels": ["a", "b"], "meta": meta}
        return shown | {"created_at": at, "updated_at": at + 900.5, "last_activity_at": at + 900, "inbox_id": 1}

    def _message(self, conversation: int, number: int) -> dict[str, object]:
        is_inbound = number % 2 == 0
        sender = {"id": conversation % self.contacts if is_inbound else 3, "type": "contact" if is_inbound else "user"}
        shown = {"id": number, "conversation_id": conversation, "content": "How are you today? " * 4, "status": "read"}
        shown |= {"message_type": int(not is_inbound), "content_type": "text", "private": False, "sender": sender}
        return shown | {"created_at": START + conversation * 60 + number % 1000, "content_attributes": {}}


def serve(conversations: int, messages: int, port: multiprocessing.Queue[int]) -> None:
    """Answer until the process is ended."""
    installation = Installation(conversations, messages)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = json.dumps(installation.answer(head.split(b" ", 2)[1].decode())).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                )
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def peak() -> float:
    """The most memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=10, help="of each conversation")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="where causerie.toml and the home are left (default: nowhere)")
    arguments = parser.parse_args()
    from ingestion.ingest import ingest_sources
    from ingestion.settings import load_settings

    port: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(
        target=serve, args=(arguments.conversations, arguments.messages, port), daemon=True
    )
    server.start()
    os.environ["BENCHMARK_TOKEN"] = TOKEN
    with tempfile.TemporaryDirectory() as nowhere:
        config = (arguments.folder or Path(nowhere)) / "causerie.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(
            f"""
            home = "var"
            [[accounts]]
            id = "a"
            timezone = "Europe/Paris"
            [[sources]]
            name = "cw"
            kind = "chatwoot"
            account = "a"
            account_id = 1
            base_url = "http://127.0.0.1:{port.get()}"
            token_env = "BENCHMARK_TOKEN"
            requests_per_second = 1e6
            concurrency = {arguments.concurrency}
            """
        )
        last = ""
        started, ended_pulling, of_pull = time.perf_counter(), 0.0, 0.0

        def progress(line: str) -> None:
            nonlocal last, ended_pulling, of_pull
            if "requests" in line:
                last, ended_pulling, of_pull = line, time.perf_counter(), peak()

        (report,) = ingest_sources(load_settings(config), progress)
        seconds = time.perf_counter() - started
        assert not report.refusals, report.refusals
        rows = {entity: counts.landed for entity, counts in report.entries[0].counts.items()}
    requests = int(last.split()[-2].replace(",", ""))
    pulling = ended_pulling - started
    print(f"{rows}")
    print(f"pull: {requests:,} requests in {pulling:,.0f} s: {requests / pulling:,.0f} a second,", end=" ")
    print(f"{sum(rows.values()) / pulling:,.0f} rows a second; with landing and raw {seconds:,.0f} s")
    print(f"peak memory of the pull {of_pull:,.0f} MB, with parsing {peak():,.0f} MB")


if __name__ == "__main__":
    main()
