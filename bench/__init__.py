"""Performance measurements of Tocsin: `make bench`, or `python -m bench [NAME…]`.

Each measurement is a module with a coroutine `measure(scratch)` that returns a `Table`; `__main__` lists them all. The
simulated Slack runs in this process; the bot (`stage.py`) runs as `tocsin run` in a process of its own, with its
embedded PostgreSQL. So the simulation's CPU time isn't charged to the bot, but they share the machine.

Measurements aren't tests: a missed goal is printed and nothing fails.
"""
