"""Installs what is missing, and builds what is ours: into $MQTT_TOOLS, by apt-get only as root."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FOLDER = pathlib.Path(os.environ.get("MQTT_TOOLS") or pathlib.Path(tempfile.gettempdir()) / "mqtt-tools")
NPM = FOLDER / "npm"
LIMIT = 900  # Seconds for an installation or a build.
# Versions are fixed, so that what is found does not change by itself.
CLIENTS = ["paho-mqtt==2.2.0", "aiomqtt==2.5.1", "gmqtt==0.8.0"]
AMQTT = ["amqtt==0.12.1"]
PACKAGES = ["mqtt@5.16.0", "aedes@1.2.0", "ws@8.23.0"]
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


class Missing(Exception):
    pass


def run(*command, **options):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{command[0]}: {error}") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"it ends with {done.returncode}"]
        raise Missing(f"{pathlib.Path(command[0]).name} {command[1]}: {lines[-1]}")
    return done.stdout


def found(program):
    return shutil.which(program, path=PATH)


def system(program, package):
    """A program of the system, of this package of Debian."""
    if not found(program) and found("apt-get") and os.geteuid() == 0:
        options = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        run("apt-get", "update", **options)
        run("apt-get", "install", "-y", "--no-install-recommends", package, **options)
    if not found(program):
        raise Missing(f"no {program}")
    return found(program)


def is_done(name, wanted):
    """Whether what is wanted is what was installed last."""
    note = FOLDER / f"{name}.installed"
    return note.exists() and note.read_text() == " ".join(wanted)


def python(name, packages):
    """The interpreter of an environment with these packages."""
    program = FOLDER / name / "bin" / "python"
    if not is_done(name, packages) or not program.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        run(sys.executable, "-m", "venv", str(FOLDER / name))
        run(str(program), "-m", "pip", "-q", "install", "--disable-pip-version-check", *packages)
        (FOLDER / f"{name}.installed").write_text(" ".join(packages))
    return str(program)


def node():
    program, npm = system("node", "nodejs"), system("npm", "npm")
    if not is_done("npm", PACKAGES) or not (NPM / "node_modules").exists():
        NPM.mkdir(parents=True, exist_ok=True)
        (NPM / "package.json").write_text('{"private": true}\n')
        run(npm, "install", "--no-audit", "--no-fund", *PACKAGES, cwd=NPM)
        (FOLDER / "npm.installed").write_text(" ".join(PACKAGES))
    return program


def paho_tests():
    """The folder of paho's source distribution, which has its tests."""
    wanted = next(package for package in CLIENTS if package.startswith("paho-mqtt"))
    folder = FOLDER / wanted.replace("==", "-").replace("paho-mqtt", "paho_mqtt")
    if not folder.exists():
        run(python("clients", CLIENTS), "-m", "pip", "-q", "download", "--disable-pip-version-check",
            "--no-deps", "--no-binary", ":all:", "--dest", str(FOLDER), wanted)
        run("tar", "-xzf", f"{folder}.tar.gz", "-C", str(FOLDER))
    return folder


def examples():
    """The folder of the examples of this repository, built."""
    names = [word for name in ("broker", "client", "blocking_client") for word in ("--example", name)]
    run("cargo", "build", "--quiet", *names, cwd=ROOT)
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve() / "debug" / "examples"


def rumqttc():
    environment = {**os.environ, "CARGO_TARGET_DIR": str(FOLDER / "rumqttc")}
    run("cargo", "build", "--quiet", "--locked", cwd=HERE / "rumqttc", env=environment)
    return str(FOLDER / "rumqttc" / "debug" / "rumqttc-client")


def environment(examples, work):
    """What the clients and brokers are told by their environment."""
    told = {"PEERS_NPM": NPM, "PEERS_WORK": work, "PEERS_EXAMPLES": examples, "PYTHONDONTWRITEBYTECODE": 1,
            "NODE_NO_WARNINGS": 1}
    return {**os.environ, "PATH": PATH, **{name: str(value) for name, value in told.items()}}
