"""What `Store` is made of: where files stand, the tables of rows, and the upkeep of both."""
