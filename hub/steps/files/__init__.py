"""Files of strangers and files for people: spooled, read in confinement, written as a sheet or a zip."""
