"""Load of all kinds on a deployment, from a client that never repeats a request, and a count of what was lost."""
