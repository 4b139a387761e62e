"""What stops a deploy, with the exit code of its kind."""

HELD, UNREACHABLE, MIGRATION = 3, 4, 6


class Failure(Exception):
    """Stops a deploy; the message says what is wrong and what to do."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
