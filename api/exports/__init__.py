"""Answers as files that people open elsewhere: comma-separated values and workbooks."""
