"""``aws s3 cp`` and ``aws ecr`` as far as the scripts call them: python -m tests.deploy.host_aws ARGUMENT..."""

import sys

import boto3


def main(arguments: list[str]) -> int:
    words = [word for word in arguments if not word.startswith("--")]
    if words[:2] != ["s3", "cp"]:
        print(f"this host's aws knows no {arguments}", file=sys.stderr)
        return 2
    source, target = words[2:]
    s3 = boto3.client("s3")
    try:
        if source == "-":
            bucket, key = _place(target)
            s3.put_object(Bucket=bucket, Key=key, Body=sys.stdin.buffer.read())
        else:
            bucket, key = _place(source)
            sys.stdout.buffer.write(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except s3.exceptions.ClientError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _place(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
