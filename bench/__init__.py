"""What Tocsin does in how much time: `make bench`, or `python -m bench [NAME…]`.

Each measurement is a module with a coroutine `measure(scratch)` that gives a `Table`; `__main__` knows them all. On the
stage (`stage.py`) stand a simulated Slack, in this process, and the bot as `tocsin run`, in one of its own, with its
embedded PostgreSQL: what the simulation costs is not charged to the bot, but it has to share the machine.

No measurement is a test: a missed goal is printed, and nothing fails.
"""
