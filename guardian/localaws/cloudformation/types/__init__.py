"""The resource types that local AWS makes itself; each file lists its own in `TYPES`."""
