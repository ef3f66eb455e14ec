#!/usr/bin/env python3
"""Serves /endless, /forbidden, /broken and /moved on a free loopback port, which it prints; until its input
ends."""

import http.server
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = {"/endless": 200, "/forbidden": 403, "/broken": 500, "/moved": 302, "/ok": 200}.get(self.path, 404)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/ok")
        self.end_headers()
        try:
            if self.path == "/ok":
                self.wfile.write(b"fine")
            while self.path == "/endless":
                self.wfile.write(b"x" * 65536)
        except OSError:
            pass

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
