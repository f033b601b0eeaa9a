"""Documents as tables: CSV and workbooks."""
