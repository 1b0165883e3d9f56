"""People: who a name or mention refers to (`people`), who is on call (`shifts`), who may do what (`permissions`),
covers for a schedule (`covers`), accounts of other organisations (`belonging`), deactivated Slack accounts (`leavers`),
and erasing somebody's personal data (`forgetting`).
"""
