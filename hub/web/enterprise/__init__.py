"""Pages of an enterprise: it signs in with its electronic business licence, and each act is signed by itself."""
