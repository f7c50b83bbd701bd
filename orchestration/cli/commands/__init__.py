"""The sub-commands of `causerie`, a module for each kind of user's errand; nothing here takes time to import."""
