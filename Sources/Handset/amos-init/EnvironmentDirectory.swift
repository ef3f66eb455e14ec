import LinuxSystem
import Wire

/// A directory with one file per variable: its name is the variable, its first line the value. What it says
/// goes before the plan; a later directory goes before an earlier one. Names that begin with a dot are left
/// out: editors and package managers put such files anywhere.
enum EnvironmentDirectory {
    /// More than a person can mean; execve(2) has limits of its own.
    static let valueLimit = 64 * 1024

    static func read(
        _ directory: String, isSystem: Bool, into environment: inout [String]
    ) throws(SpawnError) {
        _ = try TrustedFile.open(
            directory, .directory, forbidden: 0o022, command: "chmod 755", isSystem: isSystem)
        let names: [[UInt8]]
        do throws(SystemCallError) { names = try Directory.names(in: directory) } catch {
            throw .system(error)
        }
        for bytes in names where bytes.first != UInt8(ascii: ".") {
            let name = String(decoding: bytes, as: UTF8.self)
            let path = directory + "/" + name
            guard isVariable(bytes) else {
                throw .malformed(
                    path: path, "is no name of a variable; letters, digits and _ make one, no digit first")
            }
            let value = try value(path, isSystem: isSystem)
            environment.removeAll { $0.utf8.starts(with: (name + "=").utf8) }
            environment.append(name + "=" + value)
        }
    }

    private static func value(_ path: String, isSystem: Bool) throws(SpawnError) -> String {
        let file = try TrustedFile.open(
            path, .file, forbidden: 0o022, command: "chmod 644", isSystem: isSystem)
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try file.readToEnd(limit: valueLimit)
        } catch { throw .system(error) }
        guard bytes.count < valueLimit, !bytes.contains(0) else {
            throw .malformed(path: path, "holds a zero byte, or more than 64 KiB")
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    private static func isVariable(_ name: [UInt8]) -> Bool {
        guard let first = name.first, !isDigit(first) else { return false }
        return name.allSatisfy {
            isDigit($0) || $0 == UInt8(ascii: "_") || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
