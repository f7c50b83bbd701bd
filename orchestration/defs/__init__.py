"""The assets, one module a step: raw, transform, audit, publish; and the job with its schedule."""
