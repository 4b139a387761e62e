"""The bodies of the team's tasks: plain functions that run and are tested without Airflow."""
