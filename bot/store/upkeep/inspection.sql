-- name: ledger
-- Has any version of Tocsin used this database?
SELECT to_regclass('migrations') IS NOT NULL AS kept;
