"""A durable run: directory, claims, heartbeats, commits, publication, status. It knows no task and no engine."""
