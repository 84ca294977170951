#!/usr/bin/env python3
"""Makes the C file that holds the page: every file of the folder, with its kind, and one hash of them all.

Called by the build:  embed-page.py FOLDER OUT.c OUT.d NAME=FILE...     (NAME stands for a file from elsewhere)

In index.html, a href or src "assets/NAME" of a file of the folder is led to assets/HASH/NAME, where files never change, so that browsers
keep them; modules import each other relatively and so follow.
"""
import hashlib
import os
import re
import sys

KINDS = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg",
         ".webp": "image/webp", ".ico": "image/x-icon", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json"}


def read(folder):
    """Name below the folder to bytes, for every file whose kind a page needs."""
    files, folders = {}, []
    for place, below, names in os.walk(folder):
        below.sort()
        folders.append(place)
        for name in sorted(names):
            path = os.path.join(place, name)
            if os.path.splitext(name)[1] in KINDS:
                with open(path, "rb") as file:
                    files[os.path.relpath(path, folder).replace(os.sep, "/")] = file.read()
    return files, folders


def lead_to_assets(html, files, digest):
    def lead(match):
        return f'{match.group(1)}"assets/{digest}/{match.group(2)}"' if match.group(2) in files else match.group(0)
    return re.sub(r'((?:href|src)=)"assets/([^"]+)"', lead, html.decode()).encode()


def c_bytes(data):
    lines = (data[i:i + 24] for i in range(0, len(data), 24))
    return "\n".join("    " + "".join(f"{byte}," for byte in line) for line in lines)


def main(folder, out, depfile, *others):
    files, folders = read(folder)
    for other in others:
        name, path = other.split("=", 1)
        folders.append(path)
        with open(path, "rb") as file:
            files[name] = file.read()
    whole = hashlib.sha256()
    for name, data in files.items():
        whole.update(f"{name}\0{len(data)}\0".encode() + data)
    digest = whole.hexdigest()[:16]
    if "index.html" in files:
        files["index.html"] = lead_to_assets(files["index.html"], files, digest)
    with open(out, "w") as c:
        c.write('/* Made by scripts/embed-page.py. */\n#include "http/page.h"\n\n')
        for number, data in enumerate(files.values()):
            c.write(f"static const unsigned char file_{number}[] = {{\n{c_bytes(data)}\n    0}};\n\n")
        c.write(f'const char page_hash[] = "{digest}";\n\nconst page_file page_files[] = {{\n')
        for number, (name, data) in enumerate(files.items()):
            kind = KINDS[os.path.splitext(name)[1]]
            c.write(f'    {{"{name}", "{kind}", file_{number}, {len(data)}}},\n')
        c.write("    {0, 0, 0, 0}};\n")
    with open(depfile, "w") as made:
        names = [path for path in (os.path.join(folder, name) for name in files) if os.path.exists(path)] + folders
        made.write(f"{out}: " + " ".join(name.replace(" ", "\\ ") for name in names) + "\n")


main(*sys.argv[1:])
