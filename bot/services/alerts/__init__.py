"""Alerts: stored, judged by the rules, shown as one card per group, and paged for when nobody answers.

`alerts` receives them; `settling` does whatever follows from their current state. Other rooms raise alerts of our own
with `alerts`; doors also use `heartbeats` and `refusals`. `responses` and `declarations` are what people do at a card.
"""
