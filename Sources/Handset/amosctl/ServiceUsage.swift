import LinuxSystem
import Wire

/// What a service uses, from its cgroup's files, or where there is none from its main process's.
struct ServiceUsage {
    /// nil: not known here, or not to this user.
    var memoryBytes: UInt64?
    /// In all, since it was started.
    var processorMicroseconds: UInt64?
    var readBytes: UInt64?
    var writtenBytes: UInt64?
    var processes: UInt64?

    /// Some controllers are on only where a limit asks for them: the main process answers for what is
    /// missing.
    init(of row: ServiceStatus, _ about: SupervisionStatus) {
        if !about.cgroupRoot.isEmpty { readGroup(about.cgroupRoot + "/" + row.name + "/") }
        if row.pid != 0 { readProcess("/proc/" + String(row.pid) + "/") }
    }

    private mutating func readGroup(_ group: String) {
        memoryBytes = contents(of: group + "memory.current", limit: 32).flatMap { Decimal.leading($0[...]) }
        processes = contents(of: group + "pids.current", limit: 32).flatMap { Decimal.leading($0[...]) }
        if let text = contents(of: group + "cpu.stat", limit: 4096) {
            processorMicroseconds = Self.sum(of: "usage_usec ", in: text)
        }
        if let text = contents(of: group + "io.stat", limit: 16 * 1024) {
            readBytes = Self.sum(of: "rbytes=", in: text) ?? 0
            writtenBytes = Self.sum(of: "wbytes=", in: text) ?? 0
        }
    }

    private mutating func readProcess(_ process: String) {
        if memoryBytes == nil, let text = contents(of: process + "status", limit: 4096) {
            memoryBytes = Self.sum(of: "VmRSS:", in: text).map { $0 * 1024 }
        }
        if processorMicroseconds == nil, let text = contents(of: process + "stat", limit: 4096) {
            processorMicroseconds = Self.processorTime(stat: text)
        }
        if readBytes == nil, let text = contents(of: process + "io", limit: 4096) {
            readBytes = Self.sum(of: "\nread_bytes:", in: text)
            writtenBytes = Self.sum(of: "\nwrite_bytes:", in: text)
        }
    }

    /// proc_pid_stat(5): fields 14 and 15, in ticks of 10 ms; the name in parentheses may hold anything.
    private static func processorTime(stat text: [UInt8]) -> UInt64? {
        guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 12, let user = Decimal.number(fields[11]),
            let system = Decimal.number(fields[12])
        else {
            return nil
        }
        return (user + system) * 10_000
    }

    /// All numbers that stand behind `key`; nil if it does not occur.
    private static func sum(of key: StaticString, in text: [UInt8]) -> UInt64? {
        var total: UInt64?
        let length = key.utf8CodeUnitCount
        var start = 0
        while start + length <= text.count {
            let rest = text[start...]
            if key.withUTF8Buffer({ rest.starts(with: $0) }) {
                let value = rest.dropFirst(length).drop { $0 == 0x20 || $0 == 0x09 }
                total = (total ?? 0) &+ (Decimal.leading(value) ?? 0)
                start += length
            }
            start += 1
        }
        return total
    }
}
