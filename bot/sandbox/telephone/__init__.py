"""A simulated Twilio, as strict as the real one, which sends signed requests back.

`TelephoneCompany` is one account, with the actions of its people and telephones; `Door` is its HTTP API; `rules` are
its objections.
"""

from bot.sandbox.telephone.company import TelephoneCompany
from bot.sandbox.telephone.items import Item

__all__ = ["Item", "TelephoneCompany"]
