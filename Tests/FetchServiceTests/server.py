"""Servers as they are met: good, slow, endless, cut, without ranges. On loopback; prints its ports, one a line."""
import http.server, re, socket, ssl, sys, threading, time

requests = []
counts = {}
lock = threading.Lock()


def body(count, salt=0):
    return bytes((i * 31 + (i >> 8) + salt) & 0xFF for i in range(count))


BODIES = {}


def cached(count, salt=0):
    if (count, salt) not in BODIES:
        BODIES[(count, salt)] = body(count, salt)
    return BODIES[(count, salt)]


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def first_time(self):
        with lock:
            counts[self.path] = counts.get(self.path, 0) + 1
            return counts[self.path]

    def plain(self, status, data=b"", fields=()):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def part(self, data, tag):
        """The head of an answer with the range that was asked for, and what belongs into it."""
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if self.headers.get("If-Range", tag) != tag:
            wanted = None
        if not wanted:
            self.send_response(200)
            chosen = data
        else:
            first, last = int(wanted[1]), min(int(wanted[2] or len(data)), len(data) - 1)
            if first >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return b""
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            chosen = data[first : last + 1]
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(chosen)))
        self.end_headers()
        return chosen

    def do_GET(self):
        with lock:
            requests.append((self.client_address[1], self.path, self.headers.get("Range", "")))
        kind, _, rest = self.path[1:].partition("/")
        getattr(self, "serve_" + kind.replace("-", "_"), self.serve_absent)(rest)

    def serve_absent(self, _):
        self.plain(404, b"not here")

    def serve_status(self, rest):
        self.plain(int(rest))

    def serve_file(self, rest):
        self.wfile.write(self.part(cached(int(rest)), '"one"'))

    def serve_noranges(self, rest):
        self.plain(200, cached(int(rest)))

    def serve_closing(self, rest):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(cached(int(rest)))
        self.close_connection = True

    def serve_chunked(self, rest):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        data = cached(int(rest))
        for start in range(0, len(data), 1000):
            piece = data[start : start + 1000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def cut(self, chosen, count):
        self.wfile.write(chosen[:count])
        self.wfile.flush()
        if count < len(chosen):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def serve_cut(self, rest):
        """Breaks off after so many bytes, every time: COUNT/EACH."""
        count, each = map(int, rest.split("/"))
        self.cut(self.part(cached(count), '"one"'), each)

    def serve_cutnoranges(self, rest):
        count, each = map(int, rest.split("/"))
        self.send_response(200)
        self.send_header("Content-Length", str(count))
        self.end_headers()
        self.cut(cached(count), each * self.first_time())

    def serve_changing(self, rest):
        """Another file after the first break: COUNT/EACH."""
        count, each = map(int, rest.split("/"))
        time_ = self.first_time()
        self.cut(self.part(cached(count, time_), f'"{time_}"'), each if time_ == 1 else count)

    def serve_silent(self, _):
        time.sleep(30)

    def serve_slow(self, rest):
        self.send_response(200)
        self.send_header("Content-Length", rest)
        self.end_headers()
        try:
            for _ in range(int(rest)):
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    def serve_endless(self, _):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(65536))
        except OSError:
            self.close_connection = True

    def serve_busy(self, rest):
        """503 so many times."""
        if self.first_time() <= int(rest):
            return self.plain(503, b"later")
        self.plain(200, cached(100))

    def serve_hops(self, rest):
        count = int(rest)
        target = f"/hops/{count - 1}" if count > 1 else "/file/100"
        self.plain(302, b"elsewhere", [("Location", target)])

    def serve_to(self, rest):
        self.plain(301, b"", [("Location", rest)])

    def serve_wrongrange(self, rest):
        data = cached(int(rest))
        self.send_response(206)
        self.send_header("Content-Range", f"bytes 0-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def serve_requests(self, _):
        with lock:
            text = "".join(f"{port} {path} {range_}\n" for port, path, range_ in requests)
        self.plain(200, text.encode())

    def do_CONNECT(self):
        """A proxy: through it every name leads to this server's plain port."""
        with lock:
            requests.append((self.client_address[1], "CONNECT " + self.path, ""))
        other = socket.create_connection(("127.0.0.1", plain.server_address[1]))
        self.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        def pump(source, sink):
            try:
                while piece := source.recv(65536):
                    sink.sendall(piece)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        thread = threading.Thread(target=pump, args=(other, self.connection), daemon=True)
        thread.start()
        pump(self.connection, other)
        thread.join()
        self.close_connection = True


class Threads(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


plain = Threads(("127.0.0.1", 0), Server)
servers = [plain]
for certificate in sys.argv[1:]:
    secure = Threads(("127.0.0.1", 0), Server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    servers.append(secure)
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("\n".join(str(server.server_address[1]) for server in servers), flush=True)
# Until whoever started it goes.
sys.stdin.read()
