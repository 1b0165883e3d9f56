"""The embedded PostgreSQL: `server` starts and stops it, `place` and `account` decide where and as whom, `leash` ties
its life to ours."""
