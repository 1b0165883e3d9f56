"""Alerts: what monitoring says is kept, judged by the rules, shown as one card a group, and paged for when nobody
answers.

`alerts` takes them in; `settling` does whatever follows from how they stand now. Other rooms use `alerts` to raise one
of our own; doors use `heartbeats` and `refusals` as well. `responses` and `declarations` are what people do at a card.
"""
