"""The tests, which mirror the tree; `flows/` holds the stories, `second/` second implementations."""
