"""Who oversees the hub: enrolment by the operator, figures, and the audit that trusts nobody."""
