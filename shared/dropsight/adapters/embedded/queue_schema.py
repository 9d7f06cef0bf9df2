"""Tables and longer statements of the queue."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS subscriptions (
    name TEXT PRIMARY KEY, topic TEXT NOT NULL, ack_deadline_s REAL NOT NULL,
    min_backoff_s REAL NOT NULL, max_backoff_s REAL NOT NULL, max_attempts INTEGER NOT NULL,
    dead_letter_topic TEXT, dead INTEGER NOT NULL
);
-- AUTOINCREMENT: no id is used twice, or an old ack could remove a new message.
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, data BLOB NOT NULL,
    attributes TEXT NOT NULL, published_at REAL NOT NULL
);
-- due_at: publication, end of the backoff, or ack deadline of a delivery that is outstanding.
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, message INTEGER NOT NULL, subscription TEXT NOT NULL,
    due_at REAL NOT NULL, attempts INTEGER NOT NULL, outstanding INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (subscription, due_at);
CREATE INDEX IF NOT EXISTS deliveries_message ON deliveries (message);
CREATE TRIGGER IF NOT EXISTS last_delivery_gone AFTER DELETE ON deliveries
WHEN NOT EXISTS (SELECT 1 FROM deliveries WHERE message = OLD.message)
BEGIN
    DELETE FROM messages WHERE id = OLD.message;
END;
CREATE TABLE IF NOT EXISTS announcements (
    bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL,
    PRIMARY KEY (bucket, name)
) WITHOUT ROWID;
"""

SUBSCRIBE = """
INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (name) DO UPDATE SET
    topic = excluded.topic, ack_deadline_s = excluded.ack_deadline_s,
    min_backoff_s = excluded.min_backoff_s, max_backoff_s = excluded.max_backoff_s,
    max_attempts = excluded.max_attempts, dead_letter_topic = excluded.dead_letter_topic
"""

ANNOUNCE = """
INSERT INTO announcements VALUES (?, ?, ?)
ON CONFLICT (bucket, name) DO UPDATE SET generation = excluded.generation
WHERE generation <> excluded.generation
"""

DUE = """
SELECT d.id, d.attempts, m.id, m.topic, m.data, m.attributes, m.published_at
FROM deliveries d JOIN messages m ON m.id = d.message
WHERE d.subscription = ? AND d.due_at <= ? ORDER BY d.due_at LIMIT ?
"""

BACKLOG = """
SELECT s.name,
    COALESCE(SUM(d.due_at <= :now), 0),
    COALESCE(SUM(d.due_at > :now AND NOT d.outstanding), 0),
    COALESCE(SUM(d.due_at > :now AND d.outstanding), 0),
    s.dead
FROM subscriptions s LEFT JOIN deliveries d ON d.subscription = s.name
GROUP BY s.name
"""
