"""Tasks as containers of a Docker engine: python -m infra.local.aws --runtime docker."""
