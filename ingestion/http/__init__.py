"""Requests to a live system over HTTP, within limits; the same for every system."""

import logging

for _logger in ("httpx", "httpcore"):  # they log whole addresses, and headers of answers
    logging.getLogger(_logger).setLevel(logging.WARNING)
