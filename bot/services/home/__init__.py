"""The App Home of one person: what waits for them, the state of everything, and how ready the team is.

`homes` builds it, and republishes it while somebody has it open. Each part has a module; nobody else uses those.
"""
