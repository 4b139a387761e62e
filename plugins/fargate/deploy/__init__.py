"""What a deploy asks the database and AWS, in a container of the image: ``python -m fargate.deploy COMMAND``.

The scripts on the host (``scripts/deploy.sh``) drive docker and nginx, and have neither Python packages
nor a way into the database. A command prints one JSON object; what is wrong goes to standard error.
"""
