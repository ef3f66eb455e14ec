import DiskImage

/// Trees that visit the corners: sizes around the block size, names around every limit, all kinds of entries.
enum SampleTree {
    static let contentSizes = [
        0, 1, 31, 32, 700, 4000, 4031, 4032, 4033, 4063, 4064, 4065, 4095, 4096, 4097, 8191, 8192, 12_000,
        65_535,
        65_536, 65_537, 69_632, 200_000, 1_100_000,
    ]

    static func file(_ path: String, _ bytes: [UInt8], mode: UInt16 = 0o644, time: Int64 = 1000)
        -> FileTree.Entry
    {
        FileTree.Entry(
            path: path, kind: .file(.bytes(bytes)), mode: mode, modificationTime: time, origin: "test")
    }

    static func entry(_ path: String, _ kind: FileTree.Kind, mode: UInt16 = 0o755) -> FileTree.Entry {
        FileTree.Entry(path: path, kind: kind, mode: mode, modificationTime: 1000, origin: "test")
    }

    /// Files and links that any user may unpack.
    static func plainEntries() -> [FileTree.Entry] { plain }
    private static let plain = makePlainEntries()

    private static func makePlainEntries() -> [FileTree.Entry] {
        var random = SeededGenerator(seed: 1)
        var entries = contentSizes.flatMap { size in
            [
                file("sizes/noise-\(size)", random.noise(size), time: 1000 + Int64(size % 2)),
                file("sizes/text-\(size)", random.text(size)),
            ]
        }
        entries.append(
            file("sizes/mixed", random.text(70_000) + random.noise(140_000) + random.text(100_000)))
        entries.append(file("sizes/zeros", [UInt8](repeating: 0, count: 300_000)))
        entries += (0..<600).map {
            file("many/file-\($0)-with-a-rather-long-name-to-fill-blocks", [UInt8($0 % 256)])
        }
        entries.append(file("many/!before-dot", [1]))
        entries.append(file("many-more/" + String(repeating: "n", count: 255), [2]))
        entries.append(file("bin/sticky", [1, 2], mode: 0o1750))
        entries.append(entry("empty", .directory, mode: 0o700))
        entries.append(entry("links/relative", .symbolicLink(target: "../sizes/text-700"), mode: 0o777))
        entries.append(
            entry("links/long", .symbolicLink(target: String(repeating: "x/", count: 2000)), mode: 0o777))
        entries.append(entry("links/hard", .hardLink(to: "sizes/text-12000")))
        entries.append(entry("links/hard-again", .hardLink(to: "links/hard")))
        return entries
    }

    /// Everything, with owners and nodes that only root may make.
    static func fullEntries() -> [FileTree.Entry] {
        var setuid = file("bin/setuid", [1, 2, 3], mode: 0o4755)
        setuid.userID = 70_000
        setuid.groupID = 12
        return plainEntries() + [
            setuid,
            entry("dev/console", .characterDevice(major: 5, minor: 1), mode: 0o600),
            entry("dev/disk", .blockDevice(major: 259, minor: 300), mode: 0o660),
            entry("dev/pipe", .fifo, mode: 0o644),
        ]
    }
}
