"""Releases: what a deploy leaves in S3 and ECS, so that a run can finish on the code that it started with."""
