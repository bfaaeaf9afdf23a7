"""What an enterprise does by its electronic business licence: it grants, shows, ends, reads and objects."""
