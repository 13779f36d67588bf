"""Finding what is there: the plan, its blocks, and the collectors that turn replies into observations."""
