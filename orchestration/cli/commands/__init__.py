"""The sub-commands of `causerie`, one module each; none takes time to import."""
