"""The worker: takes chunks from the queues, runs them in child processes, reports what came of it.

    fetcher ──► pool (epoll over the children) ──► reporter
                 ▲           heart ───────────────────┘

`worker` puts the threads together; `ports` says what they need of the world.
"""
