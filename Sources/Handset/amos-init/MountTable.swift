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
            let path = String(decoding: Self.unescaped(fields[1]), as: UTF8.self)
            table.paths.append(path)
            table.entries.append(
                .mount(
                    path: path, type: String(decoding: fields[2], as: UTF8.self),
                    options: String(decoding: fields[3], as: UTF8.self)))
        }
        return table
    }

    /// The kernel writes blanks, tabs, line ends and backslashes as a backslash and three octal digits.
    static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "7") })
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(digits.reduce(0) { $0 << 3 | ($1 & 7) })
            rest = rest.dropFirst(3)
        }
        return bytes
    }

    func contains(_ path: String) -> Bool {
        for known in paths where UTF8Text.equal(known, path) { return true }
        return false
    }
}
