"""What must survive a crash: the producer's journal and the gateway's ledger.

Both are databases with the same schema, SQLite files by default, PostgreSQL where the URL says so.
Each table has one writer: `alerts` and `refusals` the producer, `commands`, `orders`, `fills` and
`fences` the gateway. Everything durable goes through `GroupCommit`; the CLI only reads.
"""
