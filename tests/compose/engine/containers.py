"""Containers: a file system made of an overlay, and a program in namespaces of its own. All mounts are in this process' own mount namespace and end with it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import dataclass

from .errors import ComposeError
from .init import STARTED

INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "init.py")

# What Docker leaves a container.
CAPABILITIES = ("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap")

# What a base image has of this machine's root; everything else is hidden, above all its own work and programs put there by hand.
VISIBLE = ("bin", "etc", "lib", "lib32", "lib64", "libx32", "sbin", "usr", "var")
EMPTY = ("dev", "etc/lease", "home", "mnt", "opt", "proc", "root", "run", "sys", "tmp", "usr/local", "var/lib/lease", "var/log", "var/tmp")


def command(*words):
    """Runs a program of this machine, which must succeed."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise ComposeError(f"{' '.join(words)}: {done.stdout.strip()}")


class Storage:
    """Layers, containers' file systems and volumes, on a tmpfs: an overlay over the root file system cannot have its upper folder in it."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        os.makedirs(folder, exist_ok=True)
        command("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)

    def make_folder(self):
        self.count += 1
        path = os.path.join(self.folder, str(self.count))
        os.mkdir(path)
        return path

    def make_base(self):
        """The layers that stand for a base image: this machine's root, with some of it hidden."""
        mask = self.make_folder()
        for name in os.listdir("/"):
            if name not in VISIBLE:
                os.mknod(os.path.join(mask, name), stat.S_IFCHR, os.makedev(0, 0))
        for name in EMPTY:
            path = os.path.join(mask, name)
            if os.path.lexists(path):
                os.unlink(path)
            os.makedirs(path)
            os.setxattr(path, "trusted.overlay.opaque", b"y")
        for name in ("tmp", "var/tmp"):
            os.chmod(os.path.join(mask, name), 0o1777)
        for name in ("bin", "etc", "lib", "sbin", "share"):
            os.mkdir(os.path.join(mask, "usr/local", name))
        return (mask, "/")

    def mount(self, layers, upper=None):
        """Returns the place of an overlay; without an upper folder it cannot be written to."""
        place = self.make_folder()
        options = f"lowerdir={':'.join(layers)}"
        if upper is not None:
            options += f",upperdir={upper},workdir={self.make_folder()}"
        command("mount", "-t", "overlay", "-o", options, "overlay", place)
        return place

    @contextlib.contextmanager
    def mounted(self, layers, upper=None):
        place = self.mount(layers, upper)
        try:
            yield place
        finally:
            command("umount", place)


@dataclass
class Interface:
    """A container's end of a cable to a bridge."""
    bridge: str
    mac: str
    addresses: list


@dataclass
class Account:
    name: str
    group: str
    home: str


def find_account(root, name):
    """A user in an image's /etc/passwd."""
    with open(os.path.join(root, "etc/passwd"), encoding="utf-8") as file:
        for line in file:
            fields = line.rstrip("\n").split(":")
            if name in (fields[0], fields[2]):
                return Account(fields[0], fields[3], fields[5])
    raise ComposeError(f"USER {name}: the image has no such user")


class Container:
    """A program that runs, or ran, over a file system; it can be started again."""

    def __init__(self, root, image, words, environment, volumes=(), sysctls=None, user=None):
        self.root, self.image, self.words, self.volumes, self.sysctls = root, image, words, volumes, sysctls or {}
        self.account = find_account(root, user or image.user)
        self.hostname = os.urandom(6).hex()
        self.environment = {"HOSTNAME": self.hostname, "HOME": self.account.home, **environment}
        self.process = self.pid = None

    def start(self, interfaces=(), output=None):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        specification = {
            "root": self.root, "hostname": self.hostname, "folder": self.image.folder, "sysctls": self.sysctls, "volumes": [[v.source, v.target, v.read_only] for v in self.volumes],
            "interfaces": [interface.addresses for interface in interfaces], "words": self._as_user(self.words), "environment": self.environment,
        }
        namespaces = ("--mount", "--pid", "--uts", "--ipc", "--net")
        with ours:
            with theirs:
                self.process = subprocess.Popen(["unshare", *namespaces, sys.executable, "-B", INIT, str(theirs.fileno()), json.dumps(specification)],
                                                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, pass_fds=[theirs.fileno()])
            answer = ours.recv(16)
            if not answer:
                raise ComposeError(f"unshare {' '.join(namespaces)}: ended with code {self.process.wait()}")
            self.pid = int(answer)
            for number, interface in enumerate(interfaces):
                # Such a name is used once, as an interface vanishes some time after its namespace.
                command("ip", "link", "add", f"v{self.pid}.{number}", "type", "veth", "peer", "name", f"eth{number}", "address", interface.mac, "netns", str(self.pid))
                command("ip", "link", "set", f"v{self.pid}.{number}", "master", interface.bridge, "up")
            ours.send(b".")
            answer = ours.recv(4096)
            if answer != STARTED:
                self.send(signal.SIGKILL)
                raise ComposeError(answer.decode() or f"{' '.join(self.words)}: its preparations were ended")

    def execute(self, words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=None):
        """Runs a further program in the container, and returns its exit code; None when it took too long."""
        entered = [shutil.which("nsenter"), f"--target={self.pid}", "--mount", "--uts", "--ipc", "--net", "--pid", f"--wdns={self.image.folder}", *self._as_user(words)]
        process = subprocess.Popen(entered, env=self.environment, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None

    def send(self, number):
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def _as_user(self, words):
        bounding = ",".join(["-all", *(f"+{capability}" for capability in CAPABILITIES)])
        return ["setpriv", f"--reuid={self.account.name}", f"--regid={self.account.group}", "--init-groups", "--inh-caps=-all", f"--bounding-set={bounding}", "--", *words]
