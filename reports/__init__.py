"""The reports as people ask for them: filters, downloads, pages. Reads a published release, nothing else of a home."""
