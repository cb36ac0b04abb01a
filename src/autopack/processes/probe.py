"""Is the sandbox usable here: asked by using it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from autopack.errors import Unavailable
from autopack.processes.command import Command, Confinement, Profile, SandboxProbe
from autopack.processes.sandbox import INSTALL_HINT, run_confined

_PROBE_SECONDS = 20.0


async def probe_sandbox() -> SandboxProbe:
    """Run a tiny command in the sandbox, in the same way as every other, and say why it failed if it did."""
    if sys.platform != "linux":
        return SandboxProbe(available=False, detail="The sandbox is bubblewrap, which exists on Linux only.")
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return SandboxProbe(available=False, detail=f"bubblewrap is not installed. {INSTALL_HINT}")
    with tempfile.TemporaryDirectory(prefix="autopack-probe-") as folder:
        home = Path(folder)
        command = Command(
            argv=("sh", "-c", "echo inside > probe"), cwd=home, env={}, timeout_seconds=_PROBE_SECONDS
        )
        profile = Profile(writable=(home,), readable=(), home=home, network=False)
        try:
            finished = await run_confined(
                command, profile=profile, confinement=Confinement.BUBBLEWRAP, environ=os.environ
            )
        except Unavailable as error:
            return SandboxProbe(available=False, detail=f"{error.message} {_remedy(error.message)}")
        if finished.exit_code != 0 or not (home / "probe").exists():
            said = finished.output.decode(errors="replace").strip()
            return SandboxProbe(available=False, detail=f"The sandbox started but does not work: {said}")
    return SandboxProbe(available=True, detail=f"bubblewrap at {bwrap} works")


def _remedy(message: str) -> str:
    """What to do about bubblewrap's refusal, as far as this machine tells."""
    if _kernel("apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor forbids user namespaces here (the default of Ubuntu 23.10 and later): give bwrap an "
            "AppArmor profile with `userns,`, or run "
            "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`."
        )
    if _kernel("unprivileged_userns_clone") == "0":
        return (
            "The kernel forbids user namespaces: run `sudo sysctl kernel.unprivileged_userns_clone=1`, "
            "or make bwrap setuid root."
        )
    if Path("/.dockerenv").exists() or "container" in os.environ or Path("/run/.containerenv").exists():
        return (
            "This is a container that forbids namespaces: start it with --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined, "
            "or go on with --unsandboxed."
        )
    if "namespace" in message or "ermitted" in message or "ermission" in message:
        return "This machine forbids user namespaces: ask its administrator, or go on with --unsandboxed."
    return "Try the same `bwrap` by hand, or go on with --unsandboxed."


def _kernel(setting: str) -> str:
    try:
        return Path("/proc/sys/kernel", setting).read_text().strip()
    except OSError:
        return ""
