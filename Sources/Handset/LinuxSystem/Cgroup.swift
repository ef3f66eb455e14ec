import CLinux

/// A control group, version 2: everything that a service's process starts stays in it.
public struct Cgroup: Sendable {
    public let path: String

    /// Creates the directory; one that is already there is fine.
    public init(creating path: String) throws(SystemCallError) {
        self.path = path
        try Directory.make(path)
    }

    /// For `ProcessSpawn.cgroup`.
    public func open() throws(SystemCallError) -> FileDescriptor { try .open(path, .directory) }

    /// `cgroup.kill`: SIGKILL to every process in it, forks in flight included.
    public func kill() throws(SystemCallError) { try write("1", to: "cgroup.kill") }

    /// Whether a process is left in it.
    public var isPopulated: Bool {
        guard let events = contents(of: path + "/cgroup.events", limit: 256) else { return false }
        return events.starts(with: "populated 1".utf8)
    }

    /// For `ProcessSpawn.joined`.
    public func openMembers() throws(SystemCallError) -> FileDescriptor {
        try .open(path + "/cgroup.procs", .writeOnly)
    }

    public func write(_ text: String, to file: String) throws(SystemCallError) {
        let control = try FileDescriptor.open(path + "/" + file, .writeOnly)
        try control.write(Array(text.utf8))
    }
}
