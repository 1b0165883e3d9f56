"""A simulated Twilio: takes texts and calls as strictly as the real one, and speaks back with signed requests.

`TelephoneCompany` is one account, and what people and telephones do with it; `Door` is its HTTP; `rules` are what it
objects to.
"""

from bot.sandbox.telephone.company import TelephoneCompany
from bot.sandbox.telephone.items import Item

__all__ = ["Item", "TelephoneCompany"]
