"""May we? The one authority over what is sent to targets, and the audit log of it."""
