"""What people marked in Label Studio or brat, read back as right answers."""
