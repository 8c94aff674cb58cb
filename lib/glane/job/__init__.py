"""What a user starts: an extraction on this machine or a cluster, its preview, its sentinels, its status."""
