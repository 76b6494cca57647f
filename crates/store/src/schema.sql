-- The store of testmonx, schema version 1. How it is used: docs/design/store.md.
--
-- `id` columns are small integers that mean something in this file only. `hash` columns are the CRC-32
-- of the row's content: rows are found by content through it (equality is then decided by the columns
-- themselves), and a row that no longer matches it was damaged on disk and is not believed.

-- One row: what identifies this file, and its counters.
CREATE TABLE store (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    identity    BLOB NOT NULL,              -- 16 random bytes; a store that replaces this one has others
    collections INTEGER NOT NULL DEFAULT 0, -- garbage collections so far: ids handed out before the last are void
    collected   INTEGER NOT NULL DEFAULT 0, -- the session in which the last one was
    dropped     INTEGER NOT NULL DEFAULT 0, -- traces dropped since: what a collection could be worth
    runs        INTEGER NOT NULL DEFAULT 0  -- test runs recorded so far: numbers `traces.ran`
) STRICT;

-- Where tests ran: a trace says nothing about another interpreter or other plugins.
CREATE TABLE environments (
    id           INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: a trace must not change its environment
    digest       BLOB NOT NULL UNIQUE,      -- of the sorted components
    last_session INTEGER NOT NULL DEFAULT 0 -- the last session in it; least recently used environments go first
) STRICT;

-- What an environment consists of, kept as text so that a message can say what differs.
CREATE TABLE components (
    environment INTEGER NOT NULL,           -- environments.id
    name        TEXT NOT NULL,              -- e.g. `python`
    value       TEXT NOT NULL,              -- e.g. `3.13.1`
    PRIMARY KEY (environment, name, value)
) STRICT, WITHOUT ROWID;

-- One row for each run of pytest that recorded. The id orders them; the clock is for people only.
CREATE TABLE sessions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    environment INTEGER NOT NULL,           -- environments.id
    name        TEXT NOT NULL,              -- what the engine calls it
    started_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')),
    finished_at TEXT                        -- null: it is running, or was killed
) STRICT;

-- The kinds of fact by name: a number in an enum means something else in the next version.
CREATE TABLE kinds (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Facts, each once, however many traces hold it.
CREATE TABLE facts (
    id     INTEGER PRIMARY KEY,
    kind   INTEGER NOT NULL,                -- kinds.id
    key    TEXT NOT NULL,                   -- what it is about, in the kind's notation
    digest BLOB NOT NULL,                   -- what that was, 16 bytes
    hash   INTEGER NOT NULL                 -- of the kind's name, key and digest
) STRICT;
CREATE INDEX facts_by_hash ON facts (hash);

-- Spans, each once: the facts and spans that belong together, e.g. one module's import.
CREATE TABLE spans (
    id   INTEGER PRIMARY KEY,               -- greater than those of the spans that it uses
    body BLOB NOT NULL,                     -- ids of facts and spans, delta-varint
    hash INTEGER NOT NULL                   -- of the body
) STRICT;
CREATE INDEX spans_by_hash ON spans (hash);

-- What a trace is a trace of.
CREATE TABLE subjects (
    id   INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,                  -- 0 one test, 1 the collection of one test file
    name TEXT NOT NULL,                     -- its node ID, or its path
    hash INTEGER NOT NULL                   -- of kind and name
) STRICT;
CREATE INDEX subjects_by_hash ON subjects (hash);

-- What is kept of test runs: of each subject in each environment the last few that passed, and the
-- last run if that failed.
CREATE TABLE traces (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: sessions remember them
    environment INTEGER NOT NULL,           -- environments.id
    subject     INTEGER NOT NULL,           -- subjects.id
    outcome     INTEGER NOT NULL,           -- 0 passed, 1 skipped, 2 xfailed, 3 failed
    micros      INTEGER NOT NULL,           -- how long it took
    used        INTEGER NOT NULL,           -- the session that last ran or trusted it: least recent goes first
    ran         INTEGER NOT NULL,           -- store.runs when it ran: the greatest of a subject is its last run
    recorded    INTEGER NOT NULL,           -- the session that last ran it
    body        BLOB NOT NULL,              -- ids of facts and spans, delta-varint
    collected   BLOB NOT NULL,              -- of a collection, ids of the subjects it found, in order
    hash        INTEGER NOT NULL            -- of environment, subject, outcome, body and collected
) STRICT;
CREATE INDEX traces_by_subject ON traces (environment, subject);

-- What the parser said about a content of a source file. May be lost: it is parsed again.
CREATE TABLE outlines (
    content BLOB NOT NULL,                  -- digest of the file's content
    version INTEGER NOT NULL,               -- of the parser's rules
    body    BLOB NOT NULL,                  -- the outline, in postcard's encoding
    session INTEGER NOT NULL,               -- the last session begun when it was put
    hash    INTEGER NOT NULL,               -- of content, version and body
    UNIQUE (content, version)
) STRICT;

-- What the files looked like when their content was last read. The one table that is about this
-- machine; may be lost, and means nothing in a copy of the store elsewhere.
CREATE TABLE stats (
    path     TEXT PRIMARY KEY,              -- relative to the rootdir
    size     INTEGER NOT NULL,
    mtime    INTEGER NOT NULL,              -- in nanoseconds, as ctime
    ctime    INTEGER NOT NULL,
    inode    INTEGER NOT NULL,
    content  BLOB NOT NULL,                 -- digest of the content
    recorded INTEGER NOT NULL               -- when that was, in nanoseconds: a younger file is not trusted
) STRICT, WITHOUT ROWID;

INSERT INTO store (one, identity) VALUES (1, randomblob(16));
