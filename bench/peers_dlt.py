"""dlt over a table of PostgreSQL, and the making of that table: `make PORT ROWS`, `read PORT FOLDER`."""

import os
import sys

TABLE = """
CREATE TABLE customers AS
SELECT n AS id, 'person' || n || '@example.org' AS email, 'Name ' || n % 1000 AS firstname,
       date '1960-01-01' + (n % 20000)::int AS birthdate, (n % 100000)::numeric(12, 2) / 7 AS balance,
       timestamptz '2026-01-31 13:45:00+01' + n * interval '1 second' AS optin_date, n % 2 = 0 AS is_open,
       CASE WHEN n % 5 = 0 THEN NULL ELSE 'Street ' || n || '; door 2' END AS address
FROM generate_series(1, ROWS) AS n;
ALTER TABLE customers ADD PRIMARY KEY (id);
ANALYZE customers
"""


def make(port, rows):
    import psycopg2

    with psycopg2.connect(host="127.0.0.1", port=port, user="tidewaiter", dbname="postgres") as connection:
        connection.cursor().execute("DROP TABLE IF EXISTS customers; " + TABLE.replace("ROWS", str(int(rows))))


def read(port, folder):
    os.environ.update({"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": folder, "RUNTIME__LOG_LEVEL": "ERROR"})
    import dlt
    from dlt.sources.sql_database import sql_table

    table = sql_table(
        credentials=f"postgresql+psycopg2://tidewaiter@127.0.0.1:{port}/postgres",
        table="customers",
        incremental=dlt.sources.incremental("id", initial_value=0, row_order="asc"),
    )
    destination = dlt.destinations.filesystem(bucket_url=f"file://{folder}/out")
    pipeline = dlt.pipeline("bench", destination=destination, dataset_name="shop", pipelines_dir=f"{folder}/pipelines")
    pipeline.run(table, loader_file_format="csv")


if __name__ == "__main__":
    {"make": make, "read": read}[sys.argv[1]](*sys.argv[2:])
