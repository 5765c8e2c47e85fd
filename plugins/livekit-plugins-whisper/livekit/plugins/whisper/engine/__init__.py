"""The engine: one process that holds the model and recognises for every call on the machine.

    scheduler   which questions are answered next, and which are not taken
    decoder     recognises a batch of them
    loading     the model, on the best device that can run it
    server      HTTP on a Unix or TCP socket
    metrics     what it does, for Prometheus

Only this package imports CTranslate2: a call's own process stays small.
"""
