"""The stakeholders: who they are, and what they were called when."""
