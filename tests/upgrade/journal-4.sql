-- As guardian wrote it when its journal was of version 4.
PRAGMA application_id = 1735550056;
PRAGMA user_version = 4;
BEGIN TRANSACTION;
CREATE TABLE findings (
        identity TEXT PRIMARY KEY, recorded TEXT NOT NULL, at TEXT NOT NULL, entry TEXT NOT NULL
    ) WITHOUT ROWID;
INSERT INTO "findings" VALUES('d8a00570504eabc94870a8dcd123947e','2026-11-20T09:00:00.000Z','2026-11-20T08:57:00.000Z','{"about":"drift","at":"2026-11-20T08:57:00.000Z","mended":true,"reason":"the rule was disabled","subject":"guardian-sandbox-glue-session","target":["111122223333","eu-west-1"]}');
CREATE TABLE intents (identity TEXT PRIMARY KEY, entry TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "intents" VALUES('09218c24d8ce84b85fef6451070ad781','{"at":"2026-11-20T09:00:00.000Z","by":"sweep","due":"2026-11-20T08:00:00.000Z","facts":{},"id":"under-way","kind":"glue-session","owner":"ben","policy":"sandbox","reason":"grace of 30m is over","result":"stopped","started":"2026-11-20T07:00:00.000Z","target":["111122223333","eu-west-1"],"trace":""}');
CREATE TABLE memory (name TEXT PRIMARY KEY, entry TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "memory" VALUES('pause','{"by": "ana@laptop", "reason": "audit week", "since": "2026-11-20T08:00:00.000Z"}');
CREATE TABLE outcomes (
        identity TEXT PRIMARY KEY, recorded TEXT NOT NULL, at TEXT NOT NULL, entry TEXT NOT NULL
    ) WITHOUT ROWID;
INSERT INTO "outcomes" VALUES('1f8084e789fcabd9dc6e01718849fa42','2026-11-20T09:00:00.000Z','2026-11-20T08:55:00.000Z','{"at":"2026-11-20T08:55:00.000Z","by":"event","due":"2026-11-20T08:00:00.000Z","facts":{"GlueVersion":"4.0","MaxCapacity":5.0},"id":"forgotten-\u00e9","kind":"glue-session","owner":"ana","policy":"sandbox","reason":"grace of 30m is over","result":"stopped","started":"2026-11-20T07:00:00.000Z","target":["111122223333","eu-west-1"],"trace":"arn:execution"}');
CREATE TABLE warnings (
        identity TEXT PRIMARY KEY, entry TEXT NOT NULL, claimed TEXT, posted TEXT, answer TEXT
    ) WITHOUT ROWID;
INSERT INTO "warnings" VALUES('b7fb39162d2533de91eb6cf795dc3019','{"at":"2026-11-20T09:00:00.000Z","due":"2026-11-20T09:10:00.000Z","execution":"","facts":{},"id":"soon-over","kind":"glue-session","owner":"ana","policy":"sandbox","started":"2026-11-20T08:00:00.000Z","stops":"2026-11-20T09:10:00.000Z","target":["111122223333","eu-west-1"]}',NULL,NULL,NULL);
CREATE TABLE windows (
        channel TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, claimed TEXT NOT NULL, reference TEXT,
        PRIMARY KEY (channel, until)
    ) WITHOUT ROWID;
INSERT INTO "windows" VALUES('#cloud-costs','2026-11-19T09:00:00.000Z','2026-11-20T09:00:00.000Z','2026-11-20T09:00:00.000Z','1763629200.000100');
CREATE INDEX outcomes_by_recorded ON outcomes (recorded, at);
CREATE INDEX findings_by_recorded ON findings (recorded, at);
CREATE INDEX warnings_to_post ON warnings (identity) WHERE posted IS NULL;
COMMIT;
