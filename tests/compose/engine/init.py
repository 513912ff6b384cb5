"""Prepares a container's namespaces from within, and becomes its program: init.py SOCKET SPECIFICATION, started by unshare."""

import json
import os
import socket
import subprocess
import sys

DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"}

# Said in the end, when nothing of what Docker would do has failed.
STARTED = b"started"


def main():
    channel, container = socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2])
    channel.set_inheritable(False)
    child = os.fork()
    if child:
        # Only a child is in the new pid namespace, as its first process. This one tells how it ends, as a shell does: unshare --fork cannot tell of SIGKILL.
        channel.close()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.exit(code if code >= 0 else 128 - code)
    try:
        # /proc is still the one of who made these namespaces: this is the number by which it knows this process.
        channel.send(os.readlink("/proc/self").encode())
        if not channel.recv(1):
            sys.exit(125)
        socket.sethostname(container["hostname"])
        connect(container["interfaces"])
        prepare_root(container["root"], container["volumes"])
        prepare_names(container["root"], container["hostname"])
        for name, value in container["sysctls"].items():
            write(f"{container['root']}/proc/sys/{name.replace('.', '/')}", value)
        command("mount", "--bind", "-o", "ro", container["root"] + "/proc/sys", container["root"] + "/proc/sys")
        os.chdir(container["root"])
        command("pivot_root", ".", ".")
        command("umount", "-l", ".")
        os.chdir(container["folder"])
    except (OSError, subprocess.CalledProcessError) as e:
        channel.send(f"{' '.join(container['words'])}: cannot be started: {e}".encode())
        sys.exit(125)
    channel.send(STARTED)
    os.execvpe(container["words"][0], container["words"], container["environment"])


def connect(interfaces):
    """Interfaces were put here from outside. As in Docker there is no wait for somebody else with the same address."""
    command("ip", "link", "set", "lo", "up")
    for number, addresses in enumerate(interfaces):
        command("ip", "link", "set", f"eth{number}", "up")
        for address in addresses:
            command("ip", "addr", "add", address, "dev", f"eth{number}", *(["nodad"] if ":" in address else []))


def prepare_root(root, volumes):
    command("mount", "-t", "proc", "-o", "nosuid,nodev,noexec", "proc", f"{root}/proc")
    command("mount", "-t", "sysfs", "-o", "ro,nosuid,nodev,noexec", "sysfs", f"{root}/sys")
    command("mount", "-t", "tmpfs", "-o", "nosuid,mode=755", "tmpfs", f"{root}/dev")
    for name in DEVICES:
        write(f"{root}/dev/{name}", "")
        command("mount", "--bind", f"/dev/{name}", f"{root}/dev/{name}")
    for name, target in LINKS.items():
        os.symlink(target, f"{root}/dev/{name}")
    for name, kind, options in (("shm", "tmpfs", "nosuid,nodev,noexec,mode=1777,size=64m"), ("pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5")):
        os.mkdir(f"{root}/dev/{name}")
        command("mount", "-t", kind, "-o", options, kind, f"{root}/dev/{name}")
    for source, target, read_only in volumes:
        os.makedirs(root + target, exist_ok=True)
        command("mount", "--bind", *(["-o", "ro"] if read_only else []), source, root + target)


def prepare_names(root, hostname):
    """The services know each other by address: there is nobody to ask for a name."""
    write(f"{root}/etc/hostname", hostname + "\n")
    write(f"{root}/etc/hosts", f"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 {hostname}\n")
    write(f"{root}/etc/resolv.conf", "")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def command(*words):
    subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
