"""Which records are of one person or event, and how many persons or events that makes."""
