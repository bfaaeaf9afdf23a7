"""What an order goes through, whoever gives it: read, verified, signed by a second person, done once, evidenced."""
