"""Bring in an existing register from a spreadsheet, and compare it with what was brought in before.

In the order of reading: `sheet` is what a file holds, `mapping` says what its columns mean, `reading` makes
promises of its lines, `pairing` recognises them in the register, `differences` turns what differs into commands,
`planning` decides them all in memory, and `imports` carries the plan out, whole or not at all.
"""
