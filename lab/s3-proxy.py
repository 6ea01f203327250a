#!/usr/bin/env python3
"""s3-proxy.py LISTEN_ADDRESS:PORT TARGET_ADDRESS:PORT MODE_FILE

Forwards bytes to the S3 server, unless the file says otherwise: 503 (the answer to every request), reset (the
connection is cut), slow (64 kB a second), hang (no answer). The file is read for each new connection and each piece.
"""
import asyncio
import sys

def mode():
    try:
        with open(MODE_FILE, encoding="ascii") as f:
            return f.read().strip() or "ok"
    except FileNotFoundError:
        return "ok"


async def pipe(reader, writer, client):
    try:
        while data := await reader.read(65536):
            now = mode()
            if now in ("503", "reset"):
                client.transport.abort()
                break
            while mode() == "hang":
                await asyncio.sleep(0.2)
            if now == "slow":
                await asyncio.sleep(len(data) / 65536)
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(reader, writer):
    now = mode()
    if now == "reset":
        writer.transport.abort()
        return
    if now == "503":
        body = b"<Error><Code>SlowDown</Code><Message>a fault of the lab</Message></Error>"
        await reader.read(65536)
        writer.write(b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n"
                     b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()
        return
    try:
        there, back = await asyncio.open_connection(*TARGET)
    except OSError:
        writer.transport.abort()
        return
    await asyncio.gather(pipe(reader, back, writer), pipe(there, writer, writer))


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


async def main():
    server = await asyncio.start_server(serve, *address(sys.argv[1]))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    TARGET, MODE_FILE = address(sys.argv[2]), sys.argv[3]
    asyncio.run(main())
