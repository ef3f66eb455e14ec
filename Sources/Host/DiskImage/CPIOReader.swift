import HostSystem

/// Lists a cpio archive in the "newc" format, as the kernel unpacks it from a boot image
/// (kernel: Documentation/driver-api/early-userspace/buffer-format.rst).
///
///     "070701" │ 13 numbers, 8 hex digits each │ name, NUL │ zeros │ content │ zeros │ next header …
///
/// Zeros fill up to a multiple of 4 bytes.
public enum CPIOReader {
    public struct Entry: Sendable, Equatable {
        public let path: String
        /// Type and permission bits, as in `stat`.
        public let mode: UInt32
        public let userID: UInt32
        public let groupID: UInt32
        public let modificationTime: UInt32
        public let content: [UInt8]
    }

    private static let headSize = 110
    /// A kernel takes no longer ones.
    private static let pathLimit = 4096
    private static let lastName = "TRAILER!!!"

    /// - Parameter archive: the archive's bytes; padding may follow its end.
    public static func entries(
        of archive: [UInt8], name image: String
    ) throws(DiskImageError) -> [Entry] {
        var entries: [Entry] = []
        var position = 0
        while true {
            guard archive.count - position >= headSize, archive[position...].starts(with: "070701".utf8)
            else {
                throw .corrupt(image: image, reason: "its archive has no header at byte \(position)")
            }
            let fields = try numbers(archive, at: position + 6, image)
            let (size, nameSize) = (Int(fields[6]), Int(fields[11]))
            let content = (position + headSize + nameSize).roundedUp(to: 4)
            guard nameSize > 0, nameSize <= pathLimit, content <= archive.count,
                size <= archive.count - content
            else { throw .corrupt(image: image, reason: "an entry at byte \(position) is cut off") }
            let start = position + headSize
            let path = String(decoding: archive[start..<start + nameSize - 1], as: UTF8.self)
            if path == lastName { return entries.sorted { $0.path < $1.path } }
            entries.append(
                Entry(
                    path: path, mode: fields[1], userID: fields[2], groupID: fields[3],
                    modificationTime: fields[5], content: Array(archive[content..<content + size])))
            position = (content + size).roundedUp(to: 4)
        }
    }

    private static func numbers(
        _ archive: [UInt8], at start: Int, _ image: String
    ) throws(DiskImageError) -> [UInt32] {
        var numbers: [UInt32] = []
        for index in 0..<13 {
            let digits = archive[start + index * 8..<start + index * 8 + 8]
            guard digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
            else { throw .corrupt(image: image, reason: "a header of its archive is no number") }
            numbers.append(number)
        }
        return numbers
    }
}
