"""The assets, one module a step: raw, transform, audit, publish, compact, retain. The job is in ``assembly``."""
