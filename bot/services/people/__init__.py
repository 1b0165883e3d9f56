"""People: who is on call, who is meant, who did it (`people`), who may do what (`permissions`), who stands in
(`covers`), who is of another organisation (`belonging`), who has left Slack (`leavers`), and whose data is taken out
(`forgetting`).
"""
