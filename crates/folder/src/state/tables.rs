//! The tables of the state.

pub(crate) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE imports (
        id TEXT PRIMARY KEY,
        repository TEXT NOT NULL,
        file TEXT NOT NULL,
        archive TEXT,
        -- The whole run as JSON; the other columns are what it is found by.
        document TEXT NOT NULL,
        -- The group that it is an open member of, and its place there.
        group_id TEXT,
        group_last INTEGER,
        generation INTEGER,
        sort TEXT,
        -- The other lists that it is on.
        is_unchecked INTEGER NOT NULL,
        is_unresolved INTEGER NOT NULL,
        is_unfinished INTEGER NOT NULL,
        mail_due INTEGER NOT NULL,
        -- The digest that its report waits for.
        digest TEXT,
        -- Universe, scope and subsection of its name, and its date.
        entry TEXT,
        date TEXT,
        outcome TEXT,
        -- When its outcome was decided, in milliseconds since 1970.
        finished INTEGER,
        -- SHA-256 of its content, in hexadecimal.
        sha256 TEXT
    ) WITHOUT ROWID;
    CREATE INDEX imports_of_repository ON imports (repository, id);
    CREATE INDEX imports_of_archive ON imports (archive, id) WHERE archive IS NOT NULL;
    CREATE INDEX open_members ON imports (repository, group_id, group_last, generation, sort)
        WHERE group_id IS NOT NULL;
    CREATE INDEX unchecked_members ON imports (repository, group_id, group_last, generation, sort)
        WHERE is_unchecked = 1;
    CREATE INDEX unresolved ON imports (repository, id) WHERE is_unresolved = 1;
    CREATE INDEX unfinished ON imports (id) WHERE is_unfinished = 1 OR is_unresolved = 1;
    CREATE INDEX mail_due ON imports (id) WHERE mail_due = 1;
    CREATE INDEX digests ON imports (repository, digest, id) WHERE digest IS NOT NULL;
    CREATE INDEX dates ON imports (repository, entry, date, finished) WHERE outcome = 'imported';
    CREATE INDEX contents ON imports (repository, entry, sha256) WHERE outcome = 'imported';
    -- What ended when: the page of a day.
    CREATE INDEX ended ON imports (repository, finished, id) WHERE finished IS NOT NULL;
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
        -- Its generations, as JSON.
        document TEXT NOT NULL,
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
    -- What goes into a mail that is not known to be sent.
    CREATE TABLE gathered (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (repository, digest)
    ) WITHOUT ROWID;
    -- Who took in a version of a dropped object, where the object store has versions.
    CREATE TABLE versions (
        key TEXT NOT NULL,
        version TEXT NOT NULL,
        import TEXT NOT NULL,
        PRIMARY KEY (key, version)
    ) WITHOUT ROWID;
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
",
    // What became active, when, and who did it; ignored columns; open problems.
    "
    ALTER TABLE imports ADD COLUMN is_problem INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX problems ON imports (repository, id) WHERE is_problem = 1;
    CREATE TABLE config_versions (
        repository TEXT NOT NULL,
        universe TEXT NOT NULL,
        number INTEGER NOT NULL,
        -- The version as JSON.
        document TEXT NOT NULL,
        PRIMARY KEY (repository, universe, number)
    ) WITHOUT ROWID;
    -- The ignored columns that the files of an import had.
    CREATE TABLE seen_columns (
        repository TEXT NOT NULL,
        -- Universe, scope and subsection.
        entry TEXT NOT NULL,
        revision INTEGER NOT NULL,
        -- Their labels as JSON.
        document TEXT NOT NULL,
        PRIMARY KEY (repository, entry)
    ) WITHOUT ROWID;
    -- The universes that have a database of records.
    CREATE TABLE record_databases (universe TEXT PRIMARY KEY) WITHOUT ROWID;
    ",
    // In which engine they are.
    "
    ALTER TABLE record_databases ADD COLUMN engine TEXT NOT NULL DEFAULT 'sqlite';
    ",
    // Where queries go on.
    "
    CREATE TABLE queries (
        repository TEXT NOT NULL,
        -- Universe, scope and subsection.
        entry TEXT NOT NULL,
        version INTEGER NOT NULL,
        -- The state as JSON.
        document TEXT NOT NULL,
        PRIMARY KEY (repository, entry)
    ) WITHOUT ROWID;
    ",
];
