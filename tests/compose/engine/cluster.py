"""The services of docker-compose.yml as containers: what depends on what, health, logs, and the commands of docker-compose."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from dataclasses import replace
from datetime import datetime, timezone

from .containers import Container, Interface, Storage, command
from .dockerfile import Dockerfile, Image
from .errors import ComposeError

HEALTHCHECK = {"interval": 30, "timeout": 30, "retries": 3, "start_period": 0}


class RunningService:
    """A service with its container. Its health is None (it has no check), "health: starting", "healthy" or "unhealthy"."""

    def __init__(self, service, image, root, volumes, interfaces, log):
        self.service, self.interfaces, self.log = service, interfaces, log
        # Who has an entrypoint of its own does not get the image's command.
        words = [*(service.entrypoint or image.entrypoint), *(service.command or ([] if service.entrypoint else image.command))]
        self.container = Container(root, image, words, {**image.environment, **service.environment}, volumes, service.sysctls, service.user)
        self.stop_signal = service.stop_signal or image.stop_signal
        check = {**HEALTHCHECK, **image.healthcheck, **service.healthcheck}
        self.check = check if "test" in check and not check.get("disable") else None
        self.health = None

    @property
    def running(self):
        return self.container.running

    @property
    def state(self):
        if self.running:
            return f"Up ({self.health})" if self.health else "Up"
        return f"Exit {self.container.process.returncode}"

    def start(self):
        self.health = self.check and "health: starting"
        reading, writing = os.pipe()
        threading.Thread(target=self._keep_output, args=[reading], daemon=True).start()
        try:
            self.container.start(self.interfaces, writing)
        finally:
            os.close(writing)
        if self.check:
            threading.Thread(target=self._watch_health, args=[self.container.process], daemon=True).start()

    def await_condition(self, condition):
        """What another service that depends on this one waits for."""
        name = self.service.name
        if condition == "service_healthy" and self.check is None:
            raise ComposeError(f"{name}: has no healthcheck, so it never becomes healthy")
        while condition == "service_healthy" and self.health != "healthy":
            if self.health == "unhealthy" or not self.running:
                raise ComposeError(f"{name}: is not healthy: {self.state}, by {' '.join(self.check['test'])}")
            time.sleep(0.1)
        while condition == "service_completed_successfully" and self.state != "Exit 0":
            if not self.running and self.state != "Exit 0":
                raise ComposeError(f"{name}: ended with {self.state}")
            time.sleep(0.1)

    def read_log(self, since, tail):
        """Lines without their times."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            parted = (line.partition(" ") for line in file)
            return deque((text for at, _, text in parted if since is None or datetime.fromisoformat(at) >= since), tail)

    def _keep_output(self, reading):
        with open(reading, "rb") as lines, open(self.log, "ab", buffering=0) as log:
            for line in lines:
                log.write(f"{datetime.now(timezone.utc).isoformat()} ".encode() + line.rstrip(b"\n") + b"\n")

    def _watch_health(self, process):
        began, failures = time.monotonic(), 0
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self.check["interval"])
                return
            if self.container.execute(self.check["test"], timeout=self.check["timeout"]) == 0:
                self.health, failures = "healthy", 0
            elif self.health == "healthy" or time.monotonic() - began > self.check["start_period"]:
                failures += 1
                if failures >= self.check["retries"]:
                    self.health = "unhealthy"


class Cluster:
    """Everything that docker-compose.yml tells of. Its commands are those of docker-compose."""

    def __init__(self, compose, folder):
        self.compose, self.folder = compose, folder
        self.lock = threading.Lock()
        self.running = {}
        self.images = {}
        self.volumes = {}
        self.dockerfiles = {}
        os.mkdir(os.path.join(folder, "logs"))
        self.storage = Storage(os.path.join(folder, "storage"))
        self.base = Image(self.storage.make_base())
        self.bridges = {name: f"bridge{number}" for number, name in enumerate(compose.networks)}
        for bridge in self.bridges.values():
            command("ip", "link", "add", bridge, "type", "bridge")
            command("ip", "link", "set", bridge, "up")

    def build(self, output, services=()):
        for service in self._find(self.compose.services, services):
            if service.image not in self.images:
                self.images[service.image] = self._dockerfile(service.build).build(service.build.target, output)
                print(f"{service.image}: built", file=output, flush=True)

    def up(self, output):
        self.build(output)
        for service in self._in_order():
            for other, condition in service.depends_on.items():
                self.running[other].await_condition(condition)
            with self.lock:
                if service.name not in self.running:
                    self.running[service.name] = self._create(service)
                if not self.running[service.name].running:
                    self.running[service.name].start()
            print(f"{service.name}: started", file=output, flush=True)

    def ps(self, output, services=()):
        for running in self._find(self.running, services):
            print(f"{running.service.name:<16} {running.state}", file=output)

    def logs(self, output, services=(), since=None, tail=None):
        for running in self._find(self.running, services):
            for line in running.read_log(since and datetime.fromisoformat(since), tail):
                print(f"{running.service.name:<16} | {line}", end="", file=output)

    def kill(self, services):
        for running in self._find(self.running, services):
            if not running.running:
                raise ComposeError(f"{running.service.name}: does not run ({running.state})")
            running.container.send(signal.SIGKILL)
            running.container.process.wait()

    def start(self, services):
        for running in self._find(self.running, services):
            with self.lock:
                if not running.running:
                    running.start()

    def execute(self, service, words, *files):
        running = self._find(self.running, [service])[0]
        if not running.running:
            raise ComposeError(f"{service}: does not run ({running.state})")
        return running.container.execute(words, *files)

    def stop(self, output, timeout):
        """Ends all services, each when those that depend on it have ended, as docker-compose does it; who does not end in time is killed."""
        told = {}
        while left := [running for running in self.running.values() if running.running]:
            for running in left:
                name = running.service.name
                if any(name in other.service.depends_on for other in left):
                    continue
                if name not in told:
                    running.container.send(running.stop_signal)
                    told[name] = time.monotonic()
                elif time.monotonic() - told[name] > timeout:
                    print(f"{name}: did not end within {timeout:g} s of {running.stop_signal.name}", file=output, flush=True)
                    running.container.send(signal.SIGKILL)
                    running.container.process.wait()
            time.sleep(0.05)

    def remove(self):
        """Mounts and namespaces end with this process; these are its files."""
        command("umount", "--lazy", "--recursive", self.storage.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _create(self, service):
        image = self.images[service.image]
        root = self.storage.mount(image.layers, self.storage.make_folder())
        volumes = [volume if volume.source.startswith("/") else replace(volume, source=self._volume(volume, root)) for volume in service.volumes]
        number = list(self.compose.services).index(service.name) + 2
        interfaces = [self._interface(network, address, number) for network, address in service.networks.items()]
        return RunningService(service, image, root, volumes, interfaces, os.path.join(self.folder, "logs", service.name))

    def _volume(self, volume, root):
        """A named volume begins with what the first image has in its place, as Docker does it."""
        if volume.source not in self.volumes:
            self.volumes[volume.source] = self.storage.make_folder()
            if os.path.isdir(root + volume.target):
                command("cp", "-a", f"{root}{volume.target}/.", self.volumes[volume.source])
        return self.volumes[volume.source]

    def _interface(self, network, address, number):
        """With an IPv4 address nobody asked for and a link-layer address made of it, which is the same at the next start: as Docker does it."""
        subnet4, subnet6 = sorted(self.compose.networks[network], key=lambda subnet: subnet.version)
        address4 = subnet4[number]
        return Interface(self.bridges[network], "02:42:" + address4.packed.hex(":"), [f"{address}/{subnet6.prefixlen}", f"{address4}/{subnet4.prefixlen}"])

    def _dockerfile(self, build):
        key = (build.context, *sorted(build.args.items()))
        if key not in self.dockerfiles:
            self.dockerfiles[key] = Dockerfile(build.context, build.args, self.base, self.storage, run_step)
        return self.dockerfiles[key]

    def _in_order(self):
        """Each service behind those that it depends on."""
        ordered = {}

        def visit(service, path):
            if service.name in path:
                raise ComposeError(f"services.{service.name}.depends_on: depends on itself: {' -> '.join([*path, service.name])}")
            for other in service.depends_on:
                visit(self.compose.services[other], [*path, service.name])
            ordered[service.name] = service

        for service in self.compose.services.values():
            visit(service, [])
        return ordered.values()

    @staticmethod
    def _find(known, names):
        """Those with these names; all without names."""
        for name in names:
            if name not in known:
                raise ComposeError(f"there is no service {name!r}, only {', '.join(known) or 'none'}")
        return [known[name] for name in names or known]


def run_step(root, image, words, environment, output):
    """A RUN of a Dockerfile: a container without a network over the file system of the image that is being made."""
    container = Container(root, image, words, environment)
    container.start(output=output)
    return container.process.wait()
