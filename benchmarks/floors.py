"""What the machine itself takes: the floors beside which figures are printed."""

from __future__ import annotations

import multiprocessing
import os
import socket
import tempfile
import threading
import time
from pathlib import Path

import zmq


def loopback(rounds: int) -> list[float]:
    """Milliseconds of one byte there and back between two threads over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        peer, _ = server.accept()

        def echo() -> None:
            while data := peer.recv(1):
                peer.send(data)

        echoing = threading.Thread(target=echo, daemon=True)
        echoing.start()
        took = []
        for _ in range(rounds):
            begun = time.monotonic_ns()
            client.send(b"x")
            client.recv(1)
            took.append((time.monotonic_ns() - begun) / 1e6)
        client.close()
        echoing.join()
        peer.close()
        return took


def hop(rounds: int) -> list[float]:
    """Milliseconds of one short message there and back between two processes over ZeroMQ."""
    with tempfile.TemporaryDirectory() as folder, zmq.Context() as context, context.socket(zmq.PAIR) as ours:
        endpoint = f"ipc://{folder}/hop"
        ours.bind(endpoint)
        other = multiprocessing.get_context("spawn").Process(target=_echo, args=(endpoint,))
        other.start()
        took = []
        for _ in range(rounds):
            begun = time.monotonic_ns()
            ours.send(b"x")
            ours.recv()
            took.append((time.monotonic_ns() - begun) / 1e6)
        ours.send(b"")
        other.join()
        return took[1:]


def _echo(endpoint: str) -> None:
    with zmq.Context() as context, context.socket(zmq.PAIR) as socket_:
        socket_.connect(endpoint)
        while data := socket_.recv():
            socket_.send(data)


def sync(rounds: int) -> list[float]:
    """Milliseconds until 4 KiB appended to a file are on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        descriptor = os.open(Path(folder) / "sync", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        took = []
        for _ in range(rounds):
            begun = time.monotonic_ns()
            os.write(descriptor, bytes(4096))
            os.fdatasync(descriptor)
            took.append((time.monotonic_ns() - begun) / 1e6)
        os.close(descriptor)
        return took
