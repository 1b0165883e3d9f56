-- An ill check is an alert like any other: it has the same card, is told in the same places and pages as they do.

DROP TABLE check_alarms;
