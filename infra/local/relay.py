"""A port of 127.0.0.1 under another address of this machine, for containers.

An api-server listens on one address; 127.0.0.1 is the one that people use, and nothing but loopback
and a bridge of Docker's shall reach it.
"""

import asyncio
import threading
from contextlib import suppress

CHUNK = 2**16


def start(address: str, port: int) -> None:
    """Take connections at ``address`` from now on, until this process ends.

    :raises OSError: when the address cannot be listened on
    """
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(lambda r, w: _relay(r, w, port), address, port))
    threading.Thread(target=loop.run_until_complete, args=(server.serve_forever(),), daemon=True).start()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    try:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:  # it does not run (yet)
        writer.close()
        return
    await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))
    writer.close()
    there_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until its end, and then that; the other direction may go on."""
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.write_eof()
