"""Screening: people read documents in an order until nearly all cases are certain to be found."""
