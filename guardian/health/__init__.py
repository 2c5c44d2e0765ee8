"""What the daemon knows of its own work, and how it is told: probes, metrics, a page."""
