"""Turn-taking measured: waits and cut-ins, decisions by words, and what a decision costs."""
