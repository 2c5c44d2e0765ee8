"""What guardian does on a schedule: one `*_once` function each."""
