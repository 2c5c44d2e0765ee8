"""Digests as Slack messages: what they say, the chart, and the client."""
