-- name: of_incident
-- Oldest first. A draft is private to its author.
SELECT u.id, u.audience, u.moment, u.state, u.author, u.subject, u.text, u.created_at,
    CASE WHEN u.state = 'released' THEN u.decided_by END AS approved_by,
    (SELECT min(d.settled_at) FROM update_deliveries d WHERE d.update_id = u.id AND d.state = 'accepted') AS sent_at
FROM stakeholder_updates u
WHERE u.incident_id = %(incident_id)s AND u.state <> 'draft' ORDER BY u.id;
