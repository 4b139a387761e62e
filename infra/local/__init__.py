"""The deployment on one machine: emulated AWS, Postgres and Airflow's processes."""
