//! The tables of the state.

pub(in crate::local) const MIGRATIONS: &[&str] = &["
    CREATE TABLE imports (
        id TEXT PRIMARY KEY,
        repository TEXT NOT NULL,
        file TEXT NOT NULL,
        archive TEXT,
        -- The whole import as JSON; the columns are what is asked for.
        document TEXT NOT NULL,
        is_data INTEGER NOT NULL,
        group_id TEXT,
        group_last INTEGER,
        generation INTEGER,
        slot INTEGER,
        -- Its place among single files, or within its group.
        sort TEXT,
        entry TEXT,
        date TEXT,
        checked INTEGER NOT NULL DEFAULT 0,
        -- 0 registered or started, 1 outcome decided, 2 done
        stage INTEGER NOT NULL DEFAULT 0,
        outcome TEXT,
        -- When its outcome was decided, in milliseconds since 1970.
        finished INTEGER,
        -- SHA-256 of its content, in hexadecimal.
        sha256 TEXT,
        mail_due INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX imports_of_repository ON imports (repository, id);
    CREATE INDEX imports_of_archive ON imports (archive, id) WHERE archive IS NOT NULL;
    CREATE INDEX members ON imports (repository, group_id, group_last, generation, sort) WHERE group_id IS NOT NULL;
    CREATE INDEX open_members ON imports (repository, group_id, group_last, generation, sort)
        WHERE group_id IS NOT NULL AND stage < 2;
    CREATE INDEX unchecked_members ON imports (repository, group_id, group_last, generation, sort)
        WHERE group_id IS NOT NULL AND checked = 0;
    CREATE INDEX unfinished ON imports (id) WHERE stage < 2 AND (is_data = 0 OR stage = 1);
    CREATE INDEX mail_due ON imports (id) WHERE mail_due = 1;
    CREATE INDEX dates ON imports (repository, entry, date) WHERE outcome = 'imported';
    CREATE INDEX contents ON imports (repository, entry, sha256) WHERE outcome = 'imported';
    CREATE TABLE ready (
        repository TEXT NOT NULL,
        sort TEXT NOT NULL,
        -- A file's import, or a group as JSON.
        import TEXT,
        group_ref TEXT,
        -- The rule that the group is treated by, as JSON; none if it expired.
        group_rule TEXT,
        PRIMARY KEY (repository, sort)
    ) WITHOUT ROWID;
    CREATE TABLE groups (
        repository TEXT NOT NULL,
        id TEXT NOT NULL,
        last INTEGER NOT NULL,
        -- The generation that files join now, and the last one that was closed.
        open INTEGER NOT NULL,
        closed INTEGER NOT NULL,
        PRIMARY KEY (repository, id, last)
    ) WITHOUT ROWID;
    CREATE TABLE sequences (
        repository TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        document TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE places (
        key TEXT PRIMARY KEY,
        import TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE displaced (
        key TEXT NOT NULL,
        import TEXT NOT NULL,
        older TEXT NOT NULL,
        PRIMARY KEY (key, import)
    ) WITHOUT ROWID;
    -- What was told, and when.
    CREATE TABLE notes (
        key TEXT PRIMARY KEY,
        -- In milliseconds since 1970.
        at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE configurations (
        hash TEXT PRIMARY KEY,
        document BLOB NOT NULL
    ) WITHOUT ROWID;
", "
    -- The digest that the report waits for, if it waits for one.
    ALTER TABLE imports ADD COLUMN digest TEXT;
    CREATE INDEX digests ON imports (repository, digest, id) WHERE digest IS NOT NULL;
    -- What goes into a mail that is not known to be sent.
    CREATE TABLE gathered (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (repository, digest)
    ) WITHOUT ROWID;
", "
    -- Who took in a version of a dropped object, where the object store has versions.
    CREATE TABLE versions (
        key TEXT NOT NULL,
        version TEXT NOT NULL,
        import TEXT NOT NULL,
        PRIMARY KEY (key, version)
    ) WITHOUT ROWID;
    DROP INDEX dates;
    CREATE INDEX dates ON imports (repository, entry, date, finished) WHERE outcome = 'imported';
", "
    -- A file whose name no configuration knew when it came, and of which it is not decided yet what it is.
    ALTER TABLE imports ADD COLUMN is_unresolved INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX unresolved ON imports (repository, id) WHERE is_unresolved = 1;
    -- How many configurations were registered in a repository, and how many have their outcome.
    CREATE TABLE configurations_of (
        repository TEXT PRIMARY KEY,
        registered INTEGER NOT NULL,
        concluded INTEGER NOT NULL
    ) WITHOUT ROWID;
    -- The import that last activated a configuration.
    CREATE TABLE activated (
        repository TEXT NOT NULL,
        universe TEXT NOT NULL,
        import TEXT NOT NULL,
        PRIMARY KEY (repository, universe)
    ) WITHOUT ROWID;
    CREATE TABLE universes (
        name TEXT PRIMARY KEY,
        owner TEXT NOT NULL
    ) WITHOUT ROWID;
    -- The repositories that an operator shares a universe with.
    CREATE TABLE shared (
        universe TEXT NOT NULL,
        repository TEXT NOT NULL,
        PRIMARY KEY (universe, repository)
    ) WITHOUT ROWID;
", "
    -- What ended when: the page of a day.
    CREATE INDEX ended ON imports (repository, finished, id) WHERE finished IS NOT NULL;
"];
