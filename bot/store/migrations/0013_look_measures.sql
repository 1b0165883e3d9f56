-- What a look has measured beside the time it took, to be drawn: days left, per cent in use.

ALTER TABLE check_looks ADD COLUMN measured double precision; -- null = its latency is what counts
