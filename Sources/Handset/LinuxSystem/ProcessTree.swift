import CLinux
import Wire

/// All processes, as /proc shows them: what there is to go by without cgroups.
public struct ProcessTree: Sendable {
    public struct Entry: Sendable {
        public let process: Int32
        public let parent: Int32
        public let session: Int32
    }

    /// By parent.
    private let entries: [Entry]

    init(_ entries: [Entry]) {
        var sorted = entries
        sorted.shellSort { ($0.parent, $0.process) < ($1.parent, $1.process) }
        self.entries = sorted
    }

    /// 0 for a name that is not a process's.
    private static func processNumber(_ name: UnsafePointer<CChar>) -> Int32 {
        let bytes = UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self)
        return Int32(clamping: Decimal.number(Span(_unsafeStart: bytes, count: strlen(name))) ?? 0)
    }

    /// A snapshot: processes come and go while it is taken.
    public static func read() -> ProcessTree {
        guard let directory = opendir("/proc") else { return ProcessTree([]) }
        defer { closedir(directory) }
        var entries: [Entry] = []
        while let name = amos_next_name(directory) {
            let process = processNumber(name)
            guard process > 0, let fields = statistics(of: process), fields.count > 3 else { continue }
            entries.append(
                Entry(
                    process: process, parent: Int32(clamping: fields[1]), session: Int32(clamping: fields[3]))
            )
        }
        return ProcessTree(entries)
    }

    public subscript(process: Int32) -> Entry? { entries.first { $0.process == process } }

    public func children(of parent: Int32) -> ArraySlice<Entry> {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].parent < parent { low = middle + 1 } else { high = middle }
        }
        return entries[low...].prefix { $0.parent == parent }
    }

    /// Those that descend from `ancestors`, and these.
    public func family(of ancestors: [Int32]) -> [Int32] {
        var found = ancestors
        var next = 0
        // A number that was used again while the snapshot was taken could close a circle.
        while next < found.count, found.count <= entries.count {
            for child in children(of: found[next]) { found.append(child.process) }
            next += 1
        }
        return found
    }

    /// `/proc/PID/stat` from the state on, which counts as 0: parent 1, group 2, session 3, and so on. The
    /// name before it may hold anything, blanks and brackets included.
    static func statistics(of process: Int32) -> [Int64]? {
        guard let line = contents(of: "/proc/" + String(process) + "/stat", limit: 1024),
            let bracket = line.lastIndex(of: UInt8(ascii: ")")), bracket + 2 < line.count
        else { return nil }
        return line[(bracket + 2)...].split(separator: UInt8(ascii: " ")).map {
            Int64(clamping: Decimal.leading($0) ?? 0)
        }
    }
}

extension ChildProcess {
    /// The children of this process, ended ones included, cheaply (`/proc/PID/task/PID/children`); nil where
    /// the kernel does not list them.
    public static func children() -> [Int32]? {
        let own = String(thisProcess)
        let path = "/proc/" + own + "/task/" + own + "/children"
        // 8 bytes each: as many as a full process table.
        guard let text = contents(of: path, limit: 32_768 * 8) else { return nil }
        // `12 345 `: a thousand of them are read in every turn of a shutdown.
        var children: [Int32] = []
        var start = 0
        for (position, byte) in text.enumerated() where byte == UInt8(ascii: " ") {
            if let number = Decimal.number(text[start..<position]) {
                children.append(Int32(clamping: number))
            }
            start = position + 1
        }
        return children
    }

    /// Whether `entry` (`NAME=value`) was in the environment that a process was started with. False when this
    /// process may not know.
    public static func hasEnvironment(_ entry: String, _ process: Int32) -> Bool {
        guard let text = contents(of: "/proc/" + String(process) + "/environ", limit: 128 * 1024) else {
            return false
        }
        return text.split(separator: 0).contains { $0.elementsEqual(entry.utf8) }
    }

    /// Processor time of a process and of those children that it has waited for.
    public static func processorMicroseconds(of process: Int32) -> UInt64? {
        guard let fields = ProcessTree.statistics(of: process), fields.count > 14 else { return nil }
        // In ticks of 1/100 s, whatever the kernel's own clock (USER_HZ).
        var ticks: Int64 = 0
        for field in fields[11...14] { ticks += field }
        return UInt64(max(0, ticks)) * 10_000
    }
}
