"""Builds images from a Dockerfile: every instruction is done in an overlay over this machine's own root file system, which stands for every base image."""

import json
import os
import re
import shlex
import shutil
import signal
from dataclasses import dataclass, field, replace

from .composefile import health_command, seconds, signal_named
from .errors import ComposeError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    # Folders of an overlay, the uppermost first.
    layers: tuple
    environment: dict = field(default_factory=lambda: {"PATH": PATH})
    user: str = "root"
    folder: str = "/"
    entrypoint: list = field(default_factory=list)
    command: list = field(default_factory=list)
    healthcheck: dict = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM


@dataclass
class Instruction:
    where: str
    keyword: str
    rest: str


class Dockerfile:
    """The stages of one Dockerfile, built when they are asked for."""

    def __init__(self, context, args, base, storage, run):
        """"base" is the image behind every name that is no stage's; run(root, image, command, environment, output) runs a command in a container and returns its exit code."""
        self.context, self.args, self.base, self.storage, self.run = context, args, base, storage, run
        self.variables, self.stages, self.images = {}, {}, {}
        instructions = []
        for instruction in parse(os.path.join(context, "Dockerfile")):
            if instruction.keyword == "FROM":
                match = re.fullmatch(r"(\S+)\s+AS\s+(\w+)", instruction.rest, re.IGNORECASE)
                if match is None:
                    raise ComposeError(f"{instruction.where}: FROM IMAGE AS NAME is expected, not FROM {instruction.rest}")
                instructions = []
                self.stages[match[2]] = (expand(match[1], self.variables, instruction.where), instructions)
            elif self.stages:
                if instruction.keyword not in Stage.INSTRUCTIONS:
                    raise ComposeError(f"{instruction.where}: {instruction.keyword} is not understood; understood are FROM, {', '.join(Stage.INSTRUCTIONS)}")
                instructions.append(instruction)
            elif instruction.keyword == "ARG":
                self.take_argument(instruction, self.variables)
            else:
                raise ComposeError(f"{instruction.where}: before the first FROM only ARG is understood, not {instruction.keyword}")

    def build(self, target, output):
        """The image of a stage; without a name, of the last one."""
        target = target or list(self.stages)[-1]
        if target not in self.stages:
            raise ComposeError(f"Dockerfile: there is no stage {target!r}, only {', '.join(self.stages)}")
        if target not in self.images:
            source, instructions = self.stages[target]
            below = self.build(source, output) if source in self.stages else self.base
            upper = self.storage.make_folder()
            with self.storage.mounted(below.layers, upper) as root:
                stage = Stage(self, output, root, replace(below, layers=(upper, *below.layers)))
                for instruction in instructions:
                    print(f"{target}: {instruction.keyword} {instruction.rest}", file=output, flush=True)
                    Stage.INSTRUCTIONS[instruction.keyword](stage, instruction)
            self.images[target] = stage.image
        return self.images[target]

    def take_argument(self, instruction, variables):
        """ARG: what docker-compose.yml says, or what stands behind the equals sign, or the value from before the first FROM."""
        name, sign, default = instruction.rest.partition("=")
        value = self.args.get(name, expand(default, variables, instruction.where) if sign else self.variables.get(name))
        if value is not None:
            variables[name] = value


class Stage:
    """An image in the making; "root" is its file system."""

    def __init__(self, dockerfile, output, root, image):
        self.dockerfile, self.output, self.root, self.image = dockerfile, output, root, image
        self.variables = {}

    def _arg(self, instruction):
        self.dockerfile.take_argument(instruction, self.variables)

    def _run(self, instruction):
        code = self.dockerfile.run(self.root, self.image, ["/bin/sh", "-c", instruction.rest], {**self.variables, **self.image.environment}, self.output)
        if code != 0:
            raise ComposeError(f"{instruction.where}: RUN ended with code {code}: {instruction.rest}")

    def _copy(self, instruction):
        *options, source, target = self._expand(instruction).split()
        stage = options[0].removeprefix("--from=") if options else None
        if len(options) > 1 or (options and stage not in self.dockerfile.stages):
            raise ComposeError(f"{instruction.where}: COPY [--from=STAGE] SOURCE TARGET is expected, not COPY {instruction.rest}")
        # A link in the image would lead out of it.
        destination = os.path.join(self.root, os.path.normpath(os.path.join(self.image.folder, target)).lstrip("/"))
        if os.path.realpath(destination) != destination:
            raise ComposeError(f"{instruction.where}: {target} is behind a symbolic link")
        if stage is None:
            copy_context(self.dockerfile.context, os.path.normpath(source), destination, instruction.where)
        else:
            with self.dockerfile.storage.mounted(self.dockerfile.build(stage, self.output).layers) as root:
                copy(os.path.join(root, source.lstrip("/")), destination, instruction.where)

    def _env(self, instruction):
        values = dict(word.partition("=")[::2] for word in shlex.split(self._expand(instruction)) if "=" in word)
        if not values:
            raise ComposeError(f"{instruction.where}: ENV NAME=VALUE ... is expected, not ENV {instruction.rest}")
        self.image = replace(self.image, environment={**self.image.environment, **values})

    def _user(self, instruction):
        self.image = replace(self.image, user=self._expand(instruction))

    def _workdir(self, instruction):
        self.image = replace(self.image, folder=os.path.normpath(os.path.join(self.image.folder, self._expand(instruction))))
        os.makedirs(self.root + self.image.folder, exist_ok=True)

    def _expose(self, instruction):
        """For readers only: containers of one network reach all ports of each other."""
        if not re.fullmatch(r"(\d+/(udp|tcp)\s*)+", instruction.rest):
            raise ComposeError(f"{instruction.where}: EXPOSE PORT/udp or PORT/tcp is expected, not {instruction.rest}")

    def _healthcheck(self, instruction):
        match = re.fullmatch(r"((?:--[\w-]+=\S+\s+)*)CMD\s+(.*)", instruction.rest)
        if match is None:
            raise ComposeError(f"{instruction.where}: HEALTHCHECK [--OPTION=VALUE ...] CMD COMMAND is expected, not HEALTHCHECK {instruction.rest}")
        check = {"test": health_command(["CMD", *self._command(match[2])], instruction.where)}
        for option in match[1].split():
            name, value = option[2:].split("=")
            if name not in ("interval", "timeout", "start-period", "retries"):
                raise ComposeError(f"{instruction.where}: --{name} is not understood; understood are --interval, --timeout, --start-period and --retries")
            check[name.replace("-", "_")] = int(value) if name == "retries" else seconds(value, instruction.where)
        self.image = replace(self.image, healthcheck=check)

    def _entrypoint(self, instruction):
        self.image = replace(self.image, entrypoint=self._command(instruction.rest), command=[])

    def _cmd(self, instruction):
        self.image = replace(self.image, command=self._command(instruction.rest))

    def _stopsignal(self, instruction):
        self.image = replace(self.image, stop_signal=signal_named(self._expand(instruction), instruction.where))

    def _expand(self, instruction):
        return expand(instruction.rest, {**self.variables, **self.image.environment}, instruction.where)

    @staticmethod
    def _command(text):
        return json.loads(text) if text.startswith("[") else ["/bin/sh", "-c", text]

    INSTRUCTIONS = {
        "ARG": _arg, "RUN": _run, "COPY": _copy, "ENV": _env, "USER": _user, "WORKDIR": _workdir, "EXPOSE": _expose, "HEALTHCHECK": _healthcheck, "ENTRYPOINT": _entrypoint, "CMD": _cmd,
        "STOPSIGNAL": _stopsignal,
    }


def parse(path):
    """The instructions, with lines that go on in the next one put together."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError as e:
        raise ComposeError(f"{path}: {e.strerror}") from e
    text = first = None
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("#") or not line.strip():
            continue
        if text is None:
            text, first = "", number
        text += line.removesuffix("\\")
        if not line.endswith("\\"):
            keyword, _, rest = text.strip().partition(" ")
            yield Instruction(f"Dockerfile:{first}", keyword.upper(), rest.strip())
            text = None
    if text is not None:
        raise ComposeError(f"Dockerfile:{first}: goes on after the end of the file")


def expand(text, variables, where):
    """$NAME, ${NAME} and ${NAME:-default}."""

    def value(match):
        if match["plain"] is None and match["name"] is None:
            raise ComposeError(f"{where}: {text!r}: only $NAME, ${{NAME}} and ${{NAME:-default}} are understood")
        return variables.get(match["plain"] or match["name"]) or match["default"] or ""

    return re.sub(r"\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})|\$", value, text)


def copy(source, destination, where):
    """As COPY does: of a folder what is in it; everything becomes root's."""
    if os.path.isdir(source):
        shutil.copytree(source, destination, symlinks=True, dirs_exist_ok=True)
    elif os.path.isfile(source):
        os.makedirs(os.path.dirname(destination), exist_ok=True)
        shutil.copy2(source, destination)
    else:
        raise ComposeError(f"{where}: {source} does not exist")


def copy_context(context, source, destination, where):
    """Copies from the folder of the Dockerfile what .dockerignore leaves."""
    rules = read_rules(os.path.join(context, ".dockerignore"))
    if not os.path.isdir(os.path.join(context, source)):
        raise ComposeError(f"{where}: {source} is no folder")
    for folder, folders, files in os.walk(os.path.join(context, source)):
        below = os.path.relpath(folder, context)
        # Into a folder that is left out it is looked only where a later rule may take something of it back.
        folders[:] = [name for name in folders if not ignored(path := os.path.normpath(os.path.join(below, name)), rules) or any(text.startswith(path + "/") for _, back, text in rules if back)]
        for name in files:
            path = os.path.normpath(os.path.join(below, name))
            if not ignored(path, rules):
                target = os.path.join(destination, os.path.relpath(path, source))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(os.path.join(context, path), target, follow_symlinks=False)


def read_rules(path):
    """Of .dockerignore: (pattern, whether it takes back, its text)."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    rules = []
    for line in lines:
        if line and not line.startswith("#"):
            text = line.removeprefix("!").strip("/")
            # What a rule names, and everything below it.
            pattern = re.escape(text).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
            rules.append((re.compile(pattern + "(/.*)?"), line.startswith("!"), text))
    return rules


def ignored(path, rules):
    """The last rule that fits decides."""
    result = False
    for pattern, back, _ in rules:
        if pattern.fullmatch(path):
            result = not back
    return result
