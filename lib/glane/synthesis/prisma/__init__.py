"""The flow of records through a review: PRISMA 2020 (Page et al., BMJ 2021), counted from what was done."""
