"""People: who is on call, who is meant, who did it (`people`), who may do what (`permissions`), who stands in
(`covers`), and whose data is taken out (`forgetting`).
"""
