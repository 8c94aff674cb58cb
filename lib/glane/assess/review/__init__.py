"""The page on which people check answers, and what comes back from them."""
