"""People: who is on call and who a name or mention refers to (`people`), who may do what (`permissions`), covers for a
schedule (`covers`), accounts of other organisations (`belonging`), deactivated Slack accounts (`leavers`), and erasing
somebody's personal data (`forgetting`).
"""
