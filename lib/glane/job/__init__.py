"""What a user starts: an extraction here or on a cluster, its preview, its sentinels, its status."""
