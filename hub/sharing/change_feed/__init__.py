"""The change feed (证照变更): what was done to the certificates that a requester has a continuing basis for."""
