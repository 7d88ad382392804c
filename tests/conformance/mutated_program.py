"""Builds the suite with one source file of the library edited, beside the build that there is."""

import json
import shlex
import subprocess
import sys
from pathlib import Path


def edited(source, mutant):
    text = source.read_text()
    for was, now in mutant.edits:
        if was not in text:
            sys.exit(f"{mutant.name}: {mutant.file} has no such line any more:\n{was}")
        text = text.replace(was, now)
    return text


def compiled(build, source, text, directory):
    """The edited copy as an object file, with the flags of the original."""
    entry = next((each for each in json.loads((build / "compile_commands.json").read_text())
                  if Path(each["file"]) == source), None)
    if entry is None:
        sys.exit(f"{source} is not compiled in {build}")
    copy = directory / source.name
    copy.write_text(text)
    command = shlex.split(entry["command"])
    output = directory / "edited.o"
    command[command.index("-o") + 1] = str(output)
    command[command.index("-c") + 1] = str(copy)
    command[command.index("-c"):command.index("-c")] = ["-w", "-iquote", str(source.parent)]
    subprocess.run(command, cwd=entry["directory"], check=True)
    return output


def mutated_program(build, mutant, directory):
    """The file goes before the archive of the library, whose own object is then not taken."""
    cache = (build / "CMakeCache.txt").read_text()
    root = next(Path(line.partition("=")[2]) for line in cache.splitlines()
                if line.startswith("CMAKE_HOME_DIRECTORY:"))
    source = root / mutant.file
    made = compiled(build, source, edited(source, mutant), directory)
    listed = subprocess.run(["ninja", "-C", str(build), "-t", "commands", "conformance"],
                            check=True, capture_output=True, text=True).stdout.splitlines()
    links = [part for part in listed[-1].split(" && ")
             if " -o tests/conformance/conformance " in part]
    if len(links) != 1 or ".a" not in links[0]:
        sys.exit("the suite is not linked with an archive of the library here")
    program = directory / "conformance"
    command = shlex.split(links[0])
    command[command.index("-o") + 1] = str(program)
    command.insert(command.index("-o") + 2, str(made))
    subprocess.run(command, cwd=build, check=True)
    return str(program)
