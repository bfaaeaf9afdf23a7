"""Pages for anybody: scan, copy, verify, sheet, report; no sign-in."""
