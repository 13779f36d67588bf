"""secops: signed scope, discovery, inventory, grading, alerts, reports and exercises for a government extranet."""

__version__ = "0.1.0"
