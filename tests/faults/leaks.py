#!/usr/bin/env python3
"""Looks for card numbers and CVCs where none may be: files, database dumps and, as root, the memory of processes.

Usage: leaks.py MARKERS_FILE DIRECTORY… [--dump URL] [--pid PID]
MARKERS_FILE holds one secret a line: a card number, or "cvc:" and a security code. Prints each hit (place, encoding; never the secret) and exits 1 when there is one.
"""
import argparse
import base64
import os
import re
import subprocess
import sys
import urllib.parse


def encodings(secret: str) -> dict[str, bytes]:
    """The forms in which a number could survive."""
    if secret.startswith("cvc:"):
        return security_code_forms(secret.removeprefix("cvc:"))
    digits = secret.encode()
    forms = {"plain": digits, "utf-16": secret.encode("utf-16-le")}
    groups = [secret[i:i + 4] for i in range(0, len(secret), 4)]
    forms["spaced"] = " ".join(groups).encode()
    forms["dashed"] = "-".join(groups).encode()
    forms["url-encoded"] = urllib.parse.quote("".join(f"%{ord(c):02x}" for c in secret), safe="%").encode()
    forms["bcd"] = bytes.fromhex(secret if len(secret) % 2 == 0 else secret + "0")
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + digits)
        # The characters that depend on the neighbours are cut off at both ends.
        forms[f"base64+{shift}"] = encoded[4 if shift else 0:-4]
    forms["hex"] = digits.hex().encode()
    return forms


def security_code_forms(code: str) -> dict[str, bytes]:
    """Three digits are everywhere; a security code is known by what stands before it on its way."""
    before = {"form": "[cvc]=", "encoded form": "%5Bcvc%5D=", "JSON": '"cvc":"', "spaced JSON": '"cvc": "', "ISO 8583 element": f"CV{len(code):03}"}
    return {name: (prefix + code).encode() for name, prefix in before.items()}


def scan_bytes(data: bytes, patterns: list[tuple[str, int, bytes]], place: str, hits: list[str]) -> None:
    for name, index, needle in patterns:
        if needle in data:
            hits.append(f"{place}: secret {index} ({name})")


def scan_file(path: str, patterns, hits: list[str]) -> None:
    try:
        with open(path, "rb") as file:
            overlap = b""
            while block := file.read(1 << 24):
                scan_bytes(overlap + block, patterns, path, hits)
                overlap = block[-64:]
    except OSError:
        pass


def scan_memory(pid: int, patterns, hits: list[str]) -> int:
    """Reads every readable mapping of a process; returns how many bytes."""
    total = 0
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
            if not match or "r" not in match[3] or match[4] in ("[vvar]", "[vsyscall]"):
                continue
            begin, end = int(match[1], 16), int(match[2], 16)
            try:
                memory.seek(begin)
                while begin < end:
                    block = memory.read(min(1 << 24, end - begin))
                    if not block:
                        break
                    scan_bytes(block, patterns, f"memory of {pid} {match[4] or 'anonymous'} {match[3]}", hits)
                    total += len(block)
                    begin += len(block)
            except (OSError, ValueError, OverflowError):
                continue
    return total


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("markers")
    parser.add_argument("directories", nargs="*")
    parser.add_argument("--dump", action="append", default=[])
    parser.add_argument("--pid", action="append", default=[], type=int)
    arguments = parser.parse_args()
    with open(arguments.markers) as file:
        secrets = [line.strip() for line in file if line.strip()]
    patterns = [(name, index, needle) for index, secret in enumerate(secrets) for name, needle in encodings(secret).items()]
    hits: list[str] = []
    files = 0
    for directory in arguments.directories:
        for root, _, names in os.walk(directory):
            for name in names:
                path = os.path.join(root, name)
                if os.path.isfile(path) and os.path.abspath(path) != os.path.abspath(arguments.markers):
                    scan_file(path, patterns, hits)
                    files += 1
    dumped = 0
    for url in arguments.dump:
        dump = subprocess.run(["/usr/lib/postgresql/15/bin/pg_dump", url], capture_output=True, check=True).stdout
        scan_bytes(dump, patterns, "dump of " + url.split("?")[0], hits)
        dumped += len(dump)
    memory = sum(scan_memory(pid, patterns, hits) for pid in arguments.pid)
    for hit in sorted(set(hits)):
        print(hit)
    print(f"looked at {files} files, {dumped} bytes of dumps, {memory} bytes of memory; {len(set(hits))} hits", file=sys.stderr)
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
