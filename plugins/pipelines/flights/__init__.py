"""Flights that left New York City: from raw monthly files to a report."""
