"""How the peers were set up, and what each does with a job. As of the versions that are pinned."""

PEERS = [
    ("this library",
     "batches of 500, submitted by 4 callers and worked by 2 threads; one by one: 8 threads on 8 "
     "connections",
     "kept",
     "refused: every write carries the run's epoch",
     "every transition, in the same transaction"),
    ("graphile-worker 0.17.3",
     "`addJobs` of 500 by 4 callers; `localQueue.size` 500, `completeJobBatchDelay` 0, 24 jobs at "
     "once, pool of 10; one by one: 8 jobs at once, no local queue",
     "deleted",
     "accepted: it deletes by id",
     "none"),
    ("pg-boss 10.4.2",
     "`insert` and `fetch` of 500, `complete` by ids, 4 loops on a pool of 10, no maintenance; "
     "one by one: 8 loops",
     "kept, archived later by its maintenance",
     "accepted while the job is active, whoever runs it",
     "none"),
    ("River 0.51.2",
     "`InsertManyFast` of 500 by 4 callers; 1,000 workers, fetch cooldown 1 ms, pool of 10, "
     "completions batched in the background; one by one: 8 workers",
     "kept, removed later by its maintenance",
     "accepted while the job is running, whoever runs it",
     "errors of attempts, in the row"),
    ("db-scheduler 16.7.0",
     "`scheduleBatch` of 500 by 4 callers; lock-and-fetch, 20 threads, pool of 24; "
     "one by one: 8 threads",
     "deleted",
     "refused: the row's version is checked",
     "none"),
    ("plainjob 0.0.14",
     "`addMany` of 500; its worker takes jobs one by one; WAL, `synchronous` set to FULL",
     "kept, removed later by its maintenance",
     "accepted: it updates by id",
     "none"),
    ("liteque 0.8.0",
     "`enqueue` and a runner, one by one: there are no batches; WAL, `synchronous` set to FULL",
     "deleted",
     "ignored without a word: the allocation's id is checked",
     "none"),
]
