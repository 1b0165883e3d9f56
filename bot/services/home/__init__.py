"""The App Home of one person: what waits for them, how everything stands, and how ready the house is.

`homes` is asked for it, and publishes it anew while somebody has it open. Each part is a module of its own; nobody else
uses them.
"""
