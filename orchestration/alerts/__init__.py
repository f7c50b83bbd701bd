"""Alerts: somebody is told once when a trouble of a home begins, and once when it is over.

What is told follows from the state of the home and from what was told before, not from what a run or a tick has seen.
"""
