#!/usr/bin/env python3
"""usage: serve.py FOLDER

Serves a folder on loopback with ranges; prints the port. FOLDER/requests gets a line for each request. While
FOLDER/break holds a number, no answer has more than so many bytes of its body.
"""

import http.server
import os
import re
import sys

folder = sys.argv[1]


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        with open(folder + "/requests", "a") as log:
            log.write(f"{self.path} {self.headers.get('Range', '')}\n")
        path = folder + self.path
        if ".." in path or not os.path.isfile(path):
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with open(path, "rb") as file:
            data = file.read()
        size, part = len(data), data
        if wanted:
            first, last = int(wanted[1]), min(int(wanted[2] or size), size - 1)
            part = data[first : last + 1]
            self.send_response(206 if part else 416)
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}" if part else f"bytes */{size}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        try:
            with open(folder + "/break") as file:
                limit = int(file.read())
        except (OSError, ValueError):
            limit = len(part)
        self.wfile.write(part[:limit])
        if limit < len(part):
            self.close_connection = True


class Threads(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Threads(("127.0.0.1", 0), Server)
print(server.server_address[1], flush=True)
server.serve_forever()
