"""`python -m local.sam` runs the functions in the containers of SAM, on the running twin.

It needs Docker, `make build ARCHITECTURE=…` for the CPU of this machine, and `make up` in another
terminal. Containers reach this machine at the gateway of their bridge network, but the emulator
listens only on loopback, so this process forwards connections from the gateway to the emulator.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final

from local.application import ROOT
from local.emulator import TwinError, base_environment, root_keys
from local.issuer import AUDIENCE
from local.layer import ARCHITECTURE
from local.loopback import CONTAINER_HOST
from local.parent_death_signal import die_with_parent
from local.processes import ProcessRegistry

HOME: Final = ROOT / ".twin"
SAM: Final = ROOT / ".tools" / "sam" / "bin" / "sam"
_READ: Final = 65_536


async def serve(arguments: list[str], *, port: int, api_port: int) -> int:
    """Runs `sam local start-api` on `api_port` with the twin at `port`, until it exits."""
    async with contextlib.AsyncExitStack() as stack:
        with contextlib.suppress(OSError):  # Docker Desktop's gateway is not on this machine
            server = await asyncio.start_server(
                lambda reader, writer: _forward(reader, writer, port), _gateway(), port
            )
            await stack.enter_async_context(server)
        overrides = {
            "Architecture": ARCHITECTURE,
            "JwtIssuer": "http://127.0.0.1",
            "JwtAudience": AUDIENCE,
            "EndpointUrl": f"http://{CONTAINER_HOST}:{port}",
        }
        sam = await asyncio.create_subprocess_exec(
            *(str(SAM), "local", "start-api", "--port", str(api_port)),
            *(
                "--env-vars",
                str(HOME / "sam-env.json"),
                "--add-host",
                f"{CONTAINER_HOST}:host-gateway",
            ),
            *("--parameter-overrides", _format_overrides(overrides)),
            *arguments,
            cwd=ROOT,
            env={
                **base_environment(),
                **root_keys(HOME).environment(),  # SAM passes its credentials to the functions
                "SAM_CLI_TELEMETRY": "0",
            },
            preexec_fn=die_with_parent,
        )
        return await sam.wait()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Forwards a connection to the port on loopback until either side closes it."""
    to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_copy(reader, to_writer), _copy(to_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError), contextlib.closing(writer):
        while data := await reader.read(_READ):
            writer.write(data)
            await writer.drain()


def _gateway() -> str:
    """Returns the address of this machine in the default bridge network."""
    try:
        result = subprocess.run(
            ["docker", "network", "inspect", "bridge", "-f", "{{json (index .IPAM.Config 0)}}"],  # noqa: S607 - wherever docker is
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise TwinError("SAM needs Docker: install and start it") from None
    if result.returncode:
        raise TwinError(f"cannot connect to Docker: {result.stderr.strip()}")
    bridge = json.loads(result.stdout)
    return bridge.get("Gateway") or str(next(ip_network(bridge["Subnet"]).hosts()))


def _format_overrides(overrides: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in overrides.items())


def _check_prerequisites() -> None:
    if not SAM.exists() or not (ROOT / ".aws-sam" / "build" / "template.yaml").exists():
        raise TwinError(
            f"the functions are not built: run `make build ARCHITECTURE={ARCHITECTURE}`"
        )
    if ProcessRegistry(HOME).twin() is None:
        raise TwinError("no twin is running: run `make up` in another terminal")


def main(arguments: list[str]) -> int:
    """Runs SAM on the default ports of the twin. Passes the arguments to SAM."""
    try:
        _check_prerequisites()
        return asyncio.run(serve(arguments, port=8000, api_port=8080))
    except TwinError as error:
        print(f"shoal: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
