import LinuxSystem
import Wire

/// What is mounted, from /proc/self/mounts: `device path type options 0 0` per line.
struct MountTable {
    private(set) var entries: [BootEvent] = []
    /// In the order of mounting.
    private(set) var paths: [String] = []

    /// Longer tables are cut: a handset has some dozens of mounts.
    static let sizeLimit = 64 * 1024

    static func read() -> MountTable {
        var table = MountTable()
        guard let text = contents(of: "/proc/self/mounts", limit: sizeLimit) else { return table }
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count >= 4 else { continue }
            let path = String(decoding: fields[1], as: UTF8.self)
            table.paths.append(path)
            table.entries.append(
                .mount(
                    path: path, type: String(decoding: fields[2], as: UTF8.self),
                    options: String(decoding: fields[3], as: UTF8.self)))
        }
        return table
    }

    func contains(_ path: String) -> Bool {
        for known in paths where UTF8Text.equal(known, path) { return true }
        return false
    }
}
