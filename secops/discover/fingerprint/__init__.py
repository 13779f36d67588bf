"""Which technologies a page shows: our own set as data, larger open sets where the user has them."""
