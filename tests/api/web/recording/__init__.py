"""Tests of the forms by which people record."""
