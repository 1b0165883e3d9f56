"""The embedded PostgreSQL: `server` starts and stops it, `place` and `account` say where and as whom, `leash` ends it
with us.
"""
