import Foundation
import HostSystem

/// A program that was started and must be ended and waited for. It dies with the thread that started it, so
/// that a killed `amos` leaves no QEMU behind.
struct ChildProcess: ~Copyable {
    let id: pid_t
    private var status: Int32?

    /// - Parameter descriptors: what becomes 0, 1, 2, 3 … in the program.
    init(_ program: Tool, _ arguments: [String], descriptors: [Int32]) throws(EmulatorError) {
        // setpriv (util-linux, on every Debian) sets the parent-death signal and then becomes the program.
        let setpriv: Tool
        do { setpriv = try Tool("setpriv", package: "util-linux") } catch { throw .tool(error) }
        let words = [setpriv.path, "--pdeathsig", "KILL", program.path] + arguments
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // First out of the way, then into place: a target number may be another one's source.
        let parked = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, 64) }
        defer { for descriptor in parked { close(descriptor) } }
        for (target, source) in parked.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: Ctrl-C at the terminal is ours to handle.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, setpriv.path, &actions, &attributes, &pointers, environ)
        guard code == 0 else { throw .cannotStart(program: program.name, code: code) }
        id = child
    }

    deinit {
        guard status == nil else { return }
        kill(id, SIGKILL)
        var ignored: Int32 = 0
        while waitpid(id, &ignored, 0) < 0, errno == EINTR {}
    }

    /// The wait status once it has ended.
    mutating func poll() -> Int32? {
        if status == nil {
            var raw: Int32 = 0
            if waitpid(id, &raw, WNOHANG) == id { status = raw }
        }
        return status
    }

    /// Ends it and waits until it is gone.
    mutating func end() {
        guard poll() == nil else { return }
        kill(id, SIGKILL)
        var raw: Int32 = 0
        while waitpid(id, &raw, 0) < 0, errno == EINTR {}
        status = raw
    }

    /// Processor time used so far, in clock ticks (`/proc/PID/stat`, fields 14 and 15).
    func processorTicks() -> UInt64 {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return 0 }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12 else { return 0 }
        return (UInt64(fields[11]) ?? 0) + (UInt64(fields[12]) ?? 0)
    }
}

/// Two connected stream sockets; ours is non-blocking, the other one is for the child.
struct SocketPair: ~Copyable {
    /// MSG_NOSIGNAL (kernel ABI): a gone reader is an error here, not a SIGPIPE.
    private static let noSignal: Int32 = 0x4000

    let ours: Int32
    private var theirs: Int32

    init() throws(EmulatorError) {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else {
            throw .system(SystemError("create", "a socket pair"))
        }
        ours = pair[0]
        theirs = pair[1]
        _ = fcntl(ours, F_SETFL, O_NONBLOCK)
    }

    /// Connects with somebody who listens at this path.
    init(connectedTo path: String) throws(EmulatorError) {
        ours = try Self.connect(path)
        theirs = -1
        _ = fcntl(ours, F_SETFL, O_NONBLOCK)
    }

    private static func connect(_ path: String) throws(EmulatorError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .system(SystemError("connect to", path, code: ENAMETOOLONG))
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(SystemError("create", "a socket")) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
        }
        guard result == 0 else {
            let error = SystemError("connect to", path)
            close(descriptor)
            throw .system(error)
        }
        return descriptor
    }

    deinit {
        close(ours)
        if theirs >= 0 { close(theirs) }
    }

    var childEnd: Int32 { theirs }

    /// Once the child has its copy: only then does our end see that the child is gone.
    mutating func closeChildEnd() {
        close(theirs)
        theirs = -1
    }

    /// What has arrived; nil when there is nothing now, empty at the end.
    func receive(limit: Int = 65_536) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        while true {
            let count = read(ours, &buffer, limit)
            if count >= 0 { return Array(buffer[0..<count]) }
            if errno == EINTR { continue }
            return errno == EAGAIN ? nil : []
        }
    }

    /// Sends everything; waits for the other side up to two seconds at a time, then gives up.
    func send(_ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(ours, $0.baseAddress! + done, bytes.count - done, Self.noSignal)
            }
            if count > 0 {
                done += count
            } else if errno == EAGAIN {
                var entry = pollfd(fd: ours, events: Int16(POLLOUT), revents: 0)
                guard Glibc.poll(&entry, 1, 2000) > 0 else { return false }
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
