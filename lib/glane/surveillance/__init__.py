"""Tables of cases by period, place and age: what the model says, what a review makes of it, rates and their pages."""
