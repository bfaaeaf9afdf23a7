"""What a document follows from, how it looks, and how a stored one is proven."""
