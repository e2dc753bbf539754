"""A second reading of the protocol pages, checked against the golden vectors."""
