"""Reads docker-compose.yml (file format 2.4). What is not understood here is an error: the file must not say more than what was tested."""

import os
import re
import signal
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_network

import yaml

from .errors import ComposeError

CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
TEXT = (str, int, float)


@dataclass
class Build:
    context: str
    target: str | None
    args: dict[str, str]


@dataclass
class Volume:
    """A folder of this machine (an absolute path) or a named volume, at a place in the container."""
    source: str
    target: str
    read_only: bool


@dataclass
class Service:
    name: str
    image: str
    build: Build
    entrypoint: list[str] | None
    command: list[str] | None
    environment: dict[str, str]
    volumes: list[Volume]
    networks: dict[str, str]
    depends_on: dict[str, str]
    healthcheck: dict
    sysctls: dict[str, str]
    stop_signal: signal.Signals | None
    user: str | None


@dataclass
class Compose:
    services: dict[str, Service] = field(default_factory=dict)
    # Each with its subnets; and the volumes' names.
    networks: dict[str, list] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)


def read(path):
    """The whole file, checked, with what the environment says put into it."""
    try:
        with open(path, encoding="utf-8") as file:
            document = _substitute(yaml.safe_load(file), path)
    except (OSError, yaml.YAMLError) as e:
        raise ComposeError(f"{path}: {e}") from e
    if isinstance(document, dict):
        # Templates, which the services refer to.
        document = {key: value for key, value in document.items() if not key.startswith("x-")}
    _mapping(document, path, version=str, services=dict, networks=dict, volumes=dict)
    if document.get("version") != "2.4":
        raise ComposeError(f"{path}: version: \"2.4\" is understood, not {document.get('version')!r}")
    compose = Compose()
    for name, network in document.get("networks", {}).items():
        compose.networks[name] = _read_network(network, f"networks.{name}")
    for name, volume in document.get("volumes", {}).items():
        if volume is not None:
            raise ComposeError(f"volumes.{name}: only volumes without options are understood")
        compose.volumes.append(name)
    for name, service in document.get("services", {}).items():
        compose.services[name] = _read_service(name, service, compose, os.path.dirname(os.path.abspath(path)))
    for service in compose.services.values():
        for other in service.depends_on:
            if other not in compose.services:
                raise ComposeError(f"services.{service.name}.depends_on: there is no service {other!r}")
    return compose


def seconds(text, where):
    """A duration as Docker writes it: 500ms, 5s, 1m30s."""
    if not re.fullmatch(r"(\d+(ms|s|m|h))+", str(text)):
        raise ComposeError(f"{where}: a duration such as 500ms, 5s or 1m30s is expected, not {text!r}")
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|s|m|h)", text))


def _read_network(network, where):
    _mapping(network, where, enable_ipv6=bool, ipam=dict)
    _mapping(network["ipam"], f"{where}.ipam", config=list)
    subnets = []
    for entry in network["ipam"]["config"]:
        _mapping(entry, f"{where}.ipam.config", subnet=str)
        try:
            subnets.append(ip_network(entry["subnet"]))
        except ValueError as e:
            raise ComposeError(f"{where}.ipam.config: {e}") from e
    if sorted(s.version for s in subnets) != [4, 6] or not network.get("enable_ipv6"):
        raise ComposeError(f"{where}: enable_ipv6, one IPv4 subnet and one IPv6 subnet are expected")
    return subnets


def _read_service(name, service, compose, folder):
    where = f"services.{name}"
    _mapping(service, where, image=str, build=dict, entrypoint=list, command=list, environment=dict, volumes=list, networks=dict, network_mode=str, depends_on=(dict, list), healthcheck=dict,
             sysctls=dict, stop_signal=str, user=str)
    for needed in ("image", "build"):
        if needed not in service:
            raise ComposeError(f"{where}: needs {needed}")
    networks = {}
    for network, options in service.get("networks", {}).items():
        _mapping(options, f"{where}.networks.{network}", ipv6_address=str)
        subnets = compose.networks.get(network, [])
        if not any(IPv6Address(options["ipv6_address"]) in subnet for subnet in subnets):
            raise ComposeError(f"{where}.networks.{network}: {options['ipv6_address']} is in none of its subnets ({', '.join(map(str, subnets)) or 'there is no such network'})")
        networks[network] = options["ipv6_address"]
    if bool(networks) == ("network_mode" in service) or service.get("network_mode", "none") != "none":
        raise ComposeError(f"{where}: either networks or \"network_mode: none\" is expected")
    build = _mapping(service["build"], f"{where}.build", context=str, target=str, args=dict)
    return Service(
        name=name,
        image=service["image"],
        build=Build(os.path.join(folder, build["context"]), build.get("target"), _texts(build.get("args", {}), f"{where}.build.args")),
        entrypoint=_words(service.get("entrypoint"), f"{where}.entrypoint"),
        command=_words(service.get("command"), f"{where}.command"),
        environment=_texts(service.get("environment", {}), f"{where}.environment"),
        volumes=[_read_volume(volume, compose, folder, f"{where}.volumes") for volume in service.get("volumes", [])],
        networks=networks,
        depends_on=_read_dependencies(service.get("depends_on", {}), f"{where}.depends_on"),
        healthcheck=_read_healthcheck(service.get("healthcheck", {}), f"{where}.healthcheck"),
        sysctls=_texts(service.get("sysctls", {}), f"{where}.sysctls"),
        stop_signal=signal_named(service["stop_signal"], f"{where}.stop_signal") if "stop_signal" in service else None,
        user=service.get("user"))


def _read_volume(text, compose, folder, where):
    match = re.fullmatch(r"([^:]+):(/[^:]*)(:ro)?", text) if isinstance(text, str) else None
    if match is None:
        raise ComposeError(f"{where}: SOURCE:/TARGET or SOURCE:/TARGET:ro is expected, not {text!r}")
    source = match[1]
    if source.startswith("."):
        source = os.path.normpath(os.path.join(folder, source))
        if not os.path.exists(source):
            raise ComposeError(f"{where}: {source} does not exist")
    elif source not in compose.volumes:
        raise ComposeError(f"{where}: {source!r} is neither a path that begins with a dot nor one of the file's volumes ({', '.join(compose.volumes)})")
    return Volume(source, match[2], match[3] is not None)


def _read_dependencies(dependencies, where):
    if isinstance(dependencies, list):
        return {name: "service_started" for name in _words(dependencies, where)}
    result = {}
    for name, options in dependencies.items():
        condition = _mapping(options, f"{where}.{name}", condition=str).get("condition")
        if condition not in CONDITIONS:
            raise ComposeError(f"{where}.{name}: condition: one of {', '.join(CONDITIONS)} is expected, not {condition!r}")
        result[name] = condition
    return result


def _read_healthcheck(check, where):
    """Only what is said here; the rest comes from the image."""
    _mapping(check, where, disable=bool, test=list, interval=str, timeout=str, start_period=str, retries=int)
    result = {key: seconds(value, f"{where}.{key}") if key in ("interval", "timeout", "start_period") else value for key, value in check.items()}
    if "test" in check:
        result["test"] = health_command(check["test"], where)
    return result


def signal_named(text, where):
    if text not in signal.Signals.__members__:
        raise ComposeError(f"{where}: a signal such as SIGTERM is expected, not {text!r}")
    return signal.Signals[text]


def health_command(test, where):
    """The command of ["CMD", ...] or ["CMD-SHELL", "..."]."""
    _words(test, where)
    if test[0] == "CMD" and len(test) > 1:
        return test[1:]
    if test[0] == "CMD-SHELL" and len(test) == 2:
        return ["/bin/sh", "-c", test[1]]
    raise ComposeError(f"{where}: [\"CMD\", PROGRAM, ...] or [\"CMD-SHELL\", COMMAND] is expected, not {test!r}")


def _mapping(value, where, **kinds):
    """Checks that a value is a mapping with no other keys than these, and their kinds."""
    if not isinstance(value, dict):
        raise ComposeError(f"{where}: a mapping is expected, not {value!r}")
    for key, entry in value.items():
        if key not in kinds:
            raise ComposeError(f"{where}: {key!r} is not understood; understood are {', '.join(kinds)}")
        if not isinstance(entry, kinds[key]):
            raise ComposeError(f"{where}.{key}: {entry!r} is not understood")
    return value


def _words(value, where):
    if value is not None and not all(isinstance(word, str) for word in value):
        raise ComposeError(f"{where}: a list of texts is expected, not {value!r}")
    return value


def _texts(value, where):
    for key, entry in value.items():
        if isinstance(entry, bool) or not isinstance(entry, TEXT):
            raise ComposeError(f"{where}.{key}: a text or a number is expected, not {entry!r}")
    return {key: str(entry) for key, entry in value.items()}


def _substitute(value, where):
    """$$, ${NAME}, ${NAME:-default} and ${NAME-default} in all texts."""
    if isinstance(value, dict):
        return {key: _substitute(entry, f"{where}: {key}") for key, entry in value.items()}
    if isinstance(value, list):
        return [_substitute(entry, where) for entry in value]
    if not isinstance(value, str):
        return value

    def replace(match):
        if match[0] == "$$":
            return "$"
        if match["name"] is None:
            raise ComposeError(f"{where}: {value!r}: after a dollar sign are understood: $, {{NAME}}, {{NAME:-default}} and {{NAME-default}}")
        found = os.environ.get(match["name"])
        if found is None or (found == "" and match["sign"] == ":-"):
            found = match["default"]
        if found is None:
            raise ComposeError(f"{where}: {match['name']} is not in the environment")
        return found

    return re.sub(r"\$\$|\$\{(?P<name>\w+)((?P<sign>:?-)(?P<default>[^}]*))?\}|\$", replace, value)
