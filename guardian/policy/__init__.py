"""Policies: what the files say (`model`, `load`) and what holds for an account (`resolve`)."""
