import CLinux
import Wire

/// A control group, version 2: everything that a service's process starts stays in it.
public struct Cgroup: Sendable {
    public let path: String

    /// One that is there, or may be.
    public init(at path: String) { self.path = path }

    /// Makes the directory. `wasThere`: so it was not made now.
    public static func make(_ path: String) throws(SystemCallError) -> (group: Cgroup, wasThere: Bool) {
        let result = path.withCString { amos_mkdir($0, 0o755) }
        if result == -Int(SystemCallError.exists) { return (Cgroup(at: path), true) }
        if result < 0 { throw SystemCallError("mkdir", path, code: Int32(-result)) }
        return (Cgroup(at: path), false)
    }

    /// rmdir(2): works when nothing is in it any more, and says whether it did.
    @discardableResult
    public func remove() -> Bool { path.withCString { amos_rmdir($0) } == 0 }

    /// For `ProcessSpawn.cgroup`.
    public func open() throws(SystemCallError) -> FileDescriptor { try .open(path, .directory) }

    /// `cgroup.kill`: SIGKILL to every process in it, forks in flight included (Linux 5.14).
    public func kill() throws(SystemCallError) { try write("1", to: "cgroup.kill") }

    /// Whether a process is left in it, now. A group that is not there has none; one that cannot be looked
    /// at, because there is no descriptor to be had for it, may have.
    public var isPopulated: Bool {
        do throws(SystemCallError) {
            return Self.isPopulated(try openEvents().read(upTo: 256))
        } catch {
            return error.code != SystemCallError.notFound
        }
    }

    /// `cgroup.events`: the kernel raises `Epoll.Interest.change` when it differs from what was read last.
    public func openEvents() throws(SystemCallError) -> FileDescriptor {
        try .open(path + "/cgroup.events")
    }

    /// What `cgroup.events` says.
    public static func isPopulated(_ events: [UInt8]) -> Bool { events.starts(with: "populated 1".utf8) }

    /// For `ProcessSpawn.joined`.
    public func openMembers() throws(SystemCallError) -> FileDescriptor {
        try .open(path + "/cgroup.procs", .writeOnly)
    }

    public func write(_ text: String, to file: String) throws(SystemCallError) {
        let control = try FileDescriptor.open(path + "/" + file, .writeOnly)
        do throws(SystemCallError) {
            try control.write(Array(text.utf8))
        } catch {
            throw SystemCallError("write " + text + " to", path + "/" + file, code: error.code)
        }
    }

    /// Processor time that its processes have used since it was made; nil when there is no such group.
    public var processorMicroseconds: UInt64? {
        guard let text = contents(of: path + "/cpu.stat", limit: 1024) else { return nil }
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: "usage_usec ".utf8) {
            return Decimal.leading(line.dropFirst("usage_usec ".utf8.count))
        }
        return nil
    }
}

extension Cgroup {
    /// The group of this process, and its name in `/proc/PID/cgroup`. nil where version 2 is not mounted: as
    /// the only hierarchy, or as the `unified` one beside those of version 1.
    public static func own() -> (group: Cgroup, name: String)? {
        guard let membership = contents(of: "/proc/self/cgroup", limit: 4096),
            let mounts = contents(of: "/proc/self/mountinfo", limit: 256 * 1024),
            let name = Self.name(in: membership)
        else { return nil }
        for line in mounts.split(separator: UInt8(ascii: "\n")) {
            // 31 23 0:28 ROOT POINT rw,relatime shared:1 - cgroup2 cgroup2 rw
            let fields = line.split(separator: UInt8(ascii: " "))
            guard let dash = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }), dash > 5,
                dash + 1 < fields.count, fields[dash + 1].elementsEqual("cgroup2".utf8)
            else { continue }
            // The mount may show a part of the hierarchy only, as in a container.
            let root = fields[3].elementsEqual("/".utf8) ? [] : fields[3]
            guard name.starts(with: root) else { continue }
            let below = name.elementsEqual("/".utf8) ? [] : name.dropFirst(root.count)
            let path = String(decoding: Array(fields[4]) + Array(below), as: UTF8.self)
            return (Cgroup(at: path), String(decoding: name, as: UTF8.self))
        }
        return nil
    }

    /// From `/proc/PID/cgroup`: what follows `0::`, whatever version 1 has to say before it.
    public static func name(in membership: [UInt8]) -> ArraySlice<UInt8>? {
        for line in membership.split(separator: UInt8(ascii: "\n")) where line.starts(with: "0::/".utf8) {
            return line.dropFirst("0::".utf8.count)
        }
        return nil
    }
}
