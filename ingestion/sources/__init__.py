"""One module a kind of source: how its batches come into landing."""
