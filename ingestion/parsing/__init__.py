"""From a landed file to typed rows: readers by format, the rules, and what is quarantined."""
