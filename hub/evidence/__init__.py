"""Evidence for strangers: the log and who writes it, its witnesses, receipts, bundles and archives."""
