import Glibc

/// What scenarios need and Debian's small programs lack: it notifies, serves and asks over sockets, and tells
/// what the kernel lets it do. Every argument is a command, performed in order; at the end it exits with 0.
///
///     notify NAME=VALUE,…        one datagram to $NOTIFY_SOCKET
///     store NAME TEXT            a nameless file with the text, for FDSTORE=1
///     sleep SECONDS              may be a fraction
///     ignore TERM                the signal, by number or TERM, HUP, INT
///     print TEXT                 to stdout, at once
///     append FILE TEXT           a line
///     descriptors FILE           a line with $LISTEN_FDNAMES and $LISTEN_FDS; what files among them hold
///     serve [COUNT]              answers on the descriptors that were handed over: `PID: what was sent`
///     ask KIND ADDRESS TEXT      stream, datagram or packets; a path or a port; prints the answer
///     send KIND ADDRESS HEX      sends bytes and prints what comes back, in hex
///     throw KIND ADDRESS HEX     sends bytes, waits for nothing and keeps the connection
///     call NAME                  a system call: prints `ok` or the error's number
///     eat MEBIBYTES              memory, touched
///     crowd FILE                 children that sleep, whenever one is to be had; FILE, when none is
///     pause                      until a signal
///     exit STATUS
@main
enum Witness {
    static func main() {
        for command in CommandLine.arguments.dropFirst() {
            perform(command.split(separator: " ", maxSplits: 3).map(String.init), command)
        }
    }

    private static func perform(_ words: [String], _ command: String) {
        switch (words.first ?? "", words.count) {
        case ("notify", 2...):
            Notification.send(command.dropFirst(7).split(separator: ",").joined(separator: "\n"))
        case ("store", 3): Notification.store(name: words[1], text: words[2])
        case ("sleep", 2): usleep(useconds_t((Double(words[1]) ?? 0) * 1_000_000))
        case ("ignore", 2): signal(number(words[1]), SIG_IGN)
        case ("print", 2...): say(command.dropFirst(6))
        case ("append", 3...): append(command.split(separator: " ", maxSplits: 2)[2] + "\n", to: words[1])
        case ("descriptors", 2): append(Sockets.handedOver() + "\n", to: words[1])
        case ("serve", 1...2): Sockets.serve(count: words.count == 2 ? Int(words[1]) ?? 1 : .max)
        case ("ask", 4): say(Sockets.exchange(words[1], words[2], Array(words[3].utf8)).text)
        case ("send", 4): say(Sockets.exchange(words[1], words[2], Bytes(hex: words[3]).bytes).hex)
        case ("throw", 4): _ = Sockets.send(words[1], words[2], Bytes(hex: words[3]).bytes)
        case ("call", 2): say(SystemCalls.perform(words[1]))
        case ("eat", 2): eat(mebibytes: Int(words[1]) ?? 0)
        case ("crowd", 2): crowd(whenFull: words[1])
        case ("pause", 1): pause()
        case ("exit", 2): exit(Int32(words[1]) ?? 0)
        default: fail("witness: cannot read '\(command)'")
        }
    }

    private static func number(_ name: String) -> Int32 {
        ["TERM": SIGTERM, "HUP": SIGHUP, "INT": SIGINT][name] ?? Int32(name) ?? 0
    }

    private static func append(_ text: some StringProtocol, to path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o666)
        guard descriptor >= 0 else { fail("witness: cannot write \(path)") }
        let bytes = Array(text.utf8)
        _ = write(descriptor, bytes, bytes.count)
        close(descriptor)
    }

    private static func eat(mebibytes: Int) {
        for _ in 0..<mebibytes { memset(malloc(1 << 20), 1, 1 << 20) }
    }

    /// Takes every place in the process table that it may have, and takes it again when it becomes free.
    private static func crowd(whenFull file: String) -> Never {
        var words: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
        var isFull = false
        while true {
            var process: pid_t = 0
            let code = posix_spawn(&process, "/bin/sleep", nil, nil, &words, environ)
            if code == 0 { continue }
            guard code == EAGAIN else { fail("witness: crowd: \(String(cString: strerror(code)))") }
            if !isFull { append("no more", to: file) }
            isFull = true
            usleep(1_000)
        }
    }

    private static func say(_ text: some StringProtocol, to stream: Int32 = 1) {
        let bytes = Array(text.utf8) + [0x0a]
        _ = write(stream, bytes, bytes.count)
    }

    static func fail(_ text: String) -> Never {
        say(text, to: 2)
        exit(100)
    }
}

/// Bytes, as scenarios write and read them.
struct Bytes {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(hex text: String) {
        let digits = text.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
        bytes = stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    var hex: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// System calls that filters and capabilities forbid.
enum SystemCalls {
    static func perform(_ name: String) -> String {
        let result: Int
        switch name {
        case "mount": result = Int(mount("none", "/", "none", UInt(MS_REMOUNT | MS_BIND), nil))
        case "sethostname": result = Int(sethostname("witness", 7))
        case "socket": result = Int(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        case "chroot": result = Int(chroot("/"))
        default: Witness.fail("witness: no call '\(name)'")
        }
        return result >= 0 ? "ok" : String(errno)
    }
}
