"""The worker: receives chunks from the queues, runs them in child processes, reports the outcomes.

    fetcher ──► pool (epoll over the children) ──► reporter
                 ▲         heartbeat ─────────────────┘

`worker` starts the threads. `ports` defines the interfaces that adapters implement.
"""
