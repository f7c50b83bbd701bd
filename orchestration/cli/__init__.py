"""The `causerie` command: what it prints, and how it begins and ends."""
