-- As guardian wrote it when its journal was of version 1.
PRAGMA application_id = 1735550056;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE findings (
        identity TEXT PRIMARY KEY, recorded TEXT NOT NULL, at TEXT NOT NULL, entry TEXT NOT NULL
    ) WITHOUT ROWID;
INSERT INTO "findings" VALUES('d8a00570504eabc94870a8dcd123947e','2026-11-20T09:00:00.000Z','2026-11-20T08:57:00.000Z','{"about":"drift","at":"2026-11-20T08:57:00.000Z","mended":true,"reason":"the rule was disabled","subject":"guardian-sandbox-glue-session","target":["111122223333","eu-west-1"]}');
CREATE TABLE outcomes (
        identity TEXT PRIMARY KEY, recorded TEXT NOT NULL, at TEXT NOT NULL, entry TEXT NOT NULL
    ) WITHOUT ROWID;
INSERT INTO "outcomes" VALUES('1f8084e789fcabd9dc6e01718849fa42','2026-11-20T09:00:00.000Z','2026-11-20T08:55:00.000Z','{"at":"2026-11-20T08:55:00.000Z","by":"event","due":"2026-11-20T08:00:00.000Z","facts":{"GlueVersion":"4.0","MaxCapacity":5.0},"id":"forgotten-\u00e9","kind":"glue-session","owner":"ana","policy":"sandbox","reason":"grace of 30m is over","result":"stopped","started":"2026-11-20T07:00:00.000Z","target":["111122223333","eu-west-1"],"trace":"arn:execution"}');
CREATE TABLE windows (
        channel TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, claimed TEXT NOT NULL, reference TEXT,
        PRIMARY KEY (channel, until)
    ) WITHOUT ROWID;
INSERT INTO "windows" VALUES('#cloud-costs','2026-11-19T09:00:00.000Z','2026-11-20T09:00:00.000Z','2026-11-20T09:00:00.000Z','1763629200.000100');
CREATE INDEX outcomes_by_recorded ON outcomes (recorded, at);
CREATE INDEX findings_by_recorded ON findings (recorded, at);
COMMIT;
